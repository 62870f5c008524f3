"""A stand-in for a Mastodon instance: mastodon_mock, corrected where it differs from Mastodon.

Prints one line of JSON when it is ready: {"url", "tokens": {"house": ..., ...}}. Then one JSON
command a line on standard input, one JSON answer a line on standard output. Ends with its standard
input.

  {"do": "post", "as": "alice", "text": ..., "visibility": ..., "reply": id}  -> {"id", "uri"}
  {"do": "edit", "as": "alice", "id": ..., "text": ...}   {"do": "delete", "as": "alice", "id": ...}
  {"do": "boost", "as": "bob", "id": ...}
  {"do": "profile", "as": "alice", "note": ..., "indexable": ...}
  {"do": "cut"}      ends all streams        {"do": "mute"}   streams tell no statuses any more

Statuses, timelines, paging, notifications, edits, deletions and event streams are the mock's. What
is corrected, by Mastodon's documentation: an edit is `status.update` on the wire, a websocket takes
`subscribe` messages and the token from its header and names its streams, and a reader of `user` is
told deletions of what mentions it.
"""

import asyncio
import json
import socket
import sys
import threading
import urllib.request

import uvicorn
from mastodon_mock import streaming_events
from mastodon_mock.app import create_app
from mastodon_mock.config import MastodonMockConfig, SeedAccount, SeedConfig
from mastodon_mock.db.models import Account, OAuthToken, StatusMention
from mastodon_mock.routers import streaming as routes
from sqlalchemy import select
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect

NAMES = ["house", "alice", "bob"]
state = {"cut": 0, "muted": False}


def sse(name, payload):
    name = "status.update" if name == "status_update" else name
    data = payload if isinstance(payload, str) else json.dumps(payload)
    if state["muted"] and name != "delete":
        return b":thump\n\n"
    return f"event: {name}\ndata: {data}\n\n".encode()


def channels_with_mentioned(session, status, own=streaming_events._status_channels):
    mentioned = select(StatusMention.account_id).where(StatusMention.status_id == status.id)
    told = {routes.user_channel(account) for account in session.scalars(mentioned)}
    return own(session, status) | told


async def websocket(socket_):
    app = socket_.app
    token = socket_.headers.get("authorization", "").removeprefix("Bearer ")
    with app.state.session_factory() as db:
        found = db.scalar(select(OAuthToken).where(OAuthToken.access_token == token))
        account = found.account_id if found else None
    await socket_.accept()
    bus, open_, began = routes.get_bus(app), [], state["cut"]

    async def tell(label, sub):
        while True:
            event = await sub.queue.get()
            name = "status.update" if event.name == "status_update" else event.name
            if state["muted"] and name != "delete":
                continue
            body = event.payload if isinstance(event.payload, str) else json.dumps(event.payload)
            await socket_.send_text(json.dumps({"stream": label, "event": name, "payload": body}))

    async def watch_for_cut():
        while state["cut"] == began:
            await asyncio.sleep(0.02)
        await socket_.close()

    tasks = [asyncio.create_task(watch_for_cut())]
    try:
        while True:
            asked = json.loads(await socket_.receive_text())
            stream, tag = asked.get("stream"), asked.get("tag")
            channel = {"user": account and routes.user_channel(account), "public": "public",
                       "public:local": "public:local", "hashtag": routes.hashtag_channel(tag or ""),
                       "hashtag:local": routes.hashtag_channel(tag or "", local=True)}.get(stream)
            if account is None:
                await socket_.send_text('{"error":"Missing access token","status":401}')
            elif channel is None:
                await socket_.send_text('{"error":"Unknown stream type","status":400}')
            else:
                sub = bus.subscribe(channel)
                open_.append(sub)
                tasks.append(asyncio.create_task(tell([stream] + ([tag] if tag else []), sub)))
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        for sub in open_:
            bus.unsubscribe(sub)
        for task in tasks:
            task.cancel()


def stream_until_cut(request, bus, channel, own=routes._stream):
    answer, began = own(request, bus, channel), state["cut"]
    body = answer.body_iterator

    async def until_cut():
        waiting = asyncio.ensure_future(anext(body))
        try:
            while state["cut"] == began:
                done, _ = await asyncio.wait([waiting], timeout=0.02)
                if done:
                    yield waiting.result()
                    waiting = asyncio.ensure_future(anext(body))
        finally:
            waiting.cancel()

    answer.body_iterator = until_cut()
    return answer


def main():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tokens = {name: f"token-of-{name}" for name in NAMES}
    # As those who want to be found have it; `profile` changes it.
    accounts = [SeedAccount(username=n, display_name=n.title(), access_token=tokens[n]) for n in NAMES]
    config = MastodonMockConfig(
        domain=f"localhost:{port}", url_scheme="http", seed=SeedConfig(accounts=accounts))
    config.streaming.heartbeat_seconds = 1.0
    routes.sse_format = sse
    routes._stream = stream_until_cut
    streaming_events._status_channels = channels_with_mentioned
    app = create_app(config)
    app.router.routes.insert(0, WebSocketRoute("/api/v1/streaming", websocket))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        threading.Event().wait(0.05)
    url = f"http://127.0.0.1:{port}"

    def ask(method, path, who, body=None):
        request = urllib.request.Request(
            url + path, method=method, data=json.dumps(body or {}).encode(),
            headers={"Authorization": f"Bearer {tokens[who]}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def carry_out(order):
        who, status = order.get("as"), f"/api/v1/statuses/{order.get('id')}"
        match order["do"]:
            case "post":
                body = {"status": order["text"], "visibility": order.get("visibility", "public"),
                        "language": "de", "in_reply_to_id": order.get("reply")}
                made = ask("POST", "/api/v1/statuses", who, body)
                return {"id": made["id"], "uri": made["uri"]}
            case "edit":
                ask("PUT", status, who, {"status": order["text"]})
            case "delete":
                ask("DELETE", status, who)
            case "boost":
                ask("POST", status + "/reblog", who)
            case "profile":
                # The mock's own way to change a profile leaves `indexable` as it is.
                with app.state.session_factory() as db:
                    account = db.scalar(select(Account).where(Account.username == who))
                    account.note = order.get("note", account.note)
                    account.indexable = order.get("indexable", account.indexable)
                    db.commit()
            case "cut":
                state["cut"] += 1
            case "mute":
                state["muted"] = True
        return {}

    for name in NAMES:
        carry_out({"do": "profile", "as": name, "indexable": True})
    answer = lambda value: print(json.dumps(value), flush=True)
    answer({"url": url, "tokens": tokens})
    for line in sys.stdin:
        try:
            answer(carry_out(json.loads(line)))
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})


main()
