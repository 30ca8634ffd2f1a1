"""A server of Python's `websockets` that echoes: prints its port, then serves until it is ended."""

import asyncio

import websockets
from websockets.asyncio.server import serve


async def echo(connection):
    try:
        async for message in connection:
            await connection.send(message)
    except websockets.ConnectionClosed:
        pass


async def main():
    async with serve(echo, "127.0.0.1", 0, max_size=2**26, ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
