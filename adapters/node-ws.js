// Adapter for the Receiver of Node's `ws`: see docs/replay-protocol.md.
//
// npm install ws; wireseam replay fixtures --to 'exec:node adapters/node-ws.js'

const { createRequire } = require('module');
const local = createRequire(process.cwd() + '/'); // and NODE_PATH
const [ws, { version }] = (() => {
  try {
    return [local('ws'), local('ws/package.json')];
  } catch (error) {
    console.error(`ws is not installed here: npm install ws (${error.message.split('\n')[0]})`);
    return process.exit(1);
  }
})();

let receiver, events, ended;

const coded = (data) => ({ bytes: Buffer.from(data).toString('base64') });

/** The status code that `ws` sends: it stands in the error under a symbol. */
function codeOf(error) {
  const symbol = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === 'status-code');
  return symbol ? error[symbol] : null;
}

function extensions(asked) {
  const agreed = {};
  for (const text of asked.extensions) {
    const offers = ws.extension.parse(text);
    const deflate = new ws.PerMessageDeflate({ isServer: asked.role === 'server', threshold: 0 });
    deflate.accept(offers['permessage-deflate']);
    agreed['permessage-deflate'] = deflate;
  }
  return agreed;
}

const asks = {
  hello: (_, answer) =>
    answer({
      name: 'ws', version, server: 'frames', client: 'frames',
      extensions: ws.PerMessageDeflate ? ['permessage-deflate'] : [],
    }),
  start(asked, answer) {
    let agreed;
    try {
      agreed = extensions(asked);
    } catch (error) {
      return answer({ unsupported: error.message });
    }
    receiver = new ws.Receiver({ isServer: asked.role === 'server', extensions: agreed });
    const made = receiver;
    ended = false;
    const tell = (event) => made === receiver && events.push(event);
    made.on('message', (data, isBinary) => tell({ event: 'message', type: isBinary ? 'binary' : 'text', ...coded(data) }));
    made.on('ping', (data) => tell({ event: 'ping', ...coded(data) }));
    made.on('pong', (data) => tell({ event: 'pong', ...coded(data) }));
    made.on('conclude', (code, reason) => {
      ended = true;
      tell({ event: 'close', code, reason: reason.toString() });
    });
    made.on('error', (error) => {
      ended = true;
      tell({ event: 'error', code: codeOf(error), text: error.message });
    });
    answer({ events: [] });
  },
  chunk(asked, answer) {
    events = [];
    if (ended) return answer({ events });
    const chunk = Buffer.from(asked.bytes, 'base64');
    const own = Buffer.from(new Uint8Array(chunk).buffer); // memory of its own, not a part of a pool
    receiver.write(own, () => {
      // Node owns what is written to a stream, and `ws` keeps views of it: so it is not overwritten here
      setImmediate(() => answer({ events }));
    });
  },
  end: (_, answer) => answer({ events: [] }),
};

let queue = Promise.resolve();
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line);
  queue = queue.then(() => new Promise((done) => {
    asks[asked.do](asked, (value) => process.stdout.write(JSON.stringify(value) + '\n', done));
  }));
});
