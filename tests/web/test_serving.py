"""The socket that the service listens on."""

import asyncio
import socket

from topple.web.serving import listening
from topple.web.settings import ServeSettings


def test_answers_leave_at_once():
    """Without TCP_NODELAY the body of an answer waits for the receipt of the head, which the client sends after 40 ms."""

    async def at_once(found):
        taken = asyncio.get_running_loop().create_future()

        class Takes(asyncio.Protocol):
            def connection_made(self, transport):
                taken.set_result(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        async with await asyncio.get_running_loop().create_server(Takes, sock=found):
            _, writer = await asyncio.open_connection(*found.getsockname()[:2])
            option = await taken
            writer.close()
        return option

    with listening(ServeSettings(port=0)) as found:
        assert asyncio.run(at_once(found))
