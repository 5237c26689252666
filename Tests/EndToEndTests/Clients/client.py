"""usage: client.py requests|httpx|aiohttp get|post URL"""
import asyncio
import sys

library, verb, url = sys.argv[1:]
body = b"x" * 100_000


def show(content):
    print(len(content) if verb == "get" else content.decode(), end="")


if library == "requests":
    import requests

    answer = requests.get(url) if verb == "get" else requests.post(url, data=body)
    answer.raise_for_status()
    show(answer.content)
elif library == "httpx":
    import httpx

    answer = httpx.get(url) if verb == "get" else httpx.post(url, content=body)
    answer.raise_for_status()
    show(answer.content)
else:
    import aiohttp

    async def main():
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            request = session.get(url) if verb == "get" else session.post(url, data=body)
            async with request as answer:
                show(await answer.read())

    asyncio.run(main())
