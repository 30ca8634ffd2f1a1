// A server of Node's `ws` that echoes: prints its port, then serves until it is ended.

const { createRequire } = require('module');
const { WebSocketServer } = createRequire(process.cwd() + '/')('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {}); // it has closed the connection, and that is all that is asked for
});
