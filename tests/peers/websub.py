"""A WebSub hub (flask-websub 0.4.1) and the feed that it brings, on loopback: python websub.py ALGORITHM.

Says where the feed is in a line of JSON, then carries out orders, one a line: `publish` (`items`: what the
feed lists from now on; the hub is told), `subscribers` (how many the hub has confirmed). Each answer
of an order says how often the house has fetched the feed (`asked`). Ends with its standard input.

The hub's work waits in a queue that is Celery's elsewhere; here each task is a thread.
"""

import json
import socket
import sys
import tempfile
import threading
import types
from xml.sax.saxutils import escape

from flask import Flask, Response, request
from flask_websub.hub import Hub, SQLite3HubStorage
from werkzeug.serving import make_server

state = {"items": [], "asked": 0}


class Queue:
    """As much of Celery as the hub needs."""

    def task(self, bind=False, max_retries=0):
        def make(function):
            def run(tries, *args):
                def again(countdown):
                    if tries < max_retries:
                        threading.Timer(min(countdown, 0.2), run, (tries + 1, *args)).start()

                task = types.SimpleNamespace(retry=again, request=types.SimpleNamespace(retries=tries))
                function(*([task] if bind else []), *args)

            def delay(*args):
                threading.Thread(target=run, args=(0, *args), daemon=True).start()

            return types.SimpleNamespace(delay=delay)

        return make


def main():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    app = Flask("hub")
    storage = SQLite3HubStorage(tempfile.mkdtemp() + "/hub.sqlite")
    hub = Hub(storage, celery=Queue(), SIGNATURE_ALGORITHM=sys.argv[1])
    app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))

    @app.get("/feed")
    def feed():
        if "Resonanz" in request.headers["User-Agent"]:
            state["asked"] += 1
        items = "".join(
            f"<item><title>{escape(item)}</title><link>https://zeitung.example/{n}</link></item>"
            for n, item in enumerate(state["items"]))
        body = f'<rss version="2.0"><channel><title>Zeitung</title>{items}</channel></rss>'
        links = f'<{url}/hub>; rel="hub", <{url}/feed>; rel="self"'
        return Response(body, mimetype="application/rss+xml", headers={"Link": links})

    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def carry_out(order):
        match order["do"]:
            case "publish":
                state["items"] = order["items"]
                hub.send_change_notification.delay(f"{url}/feed")
            case "subscribers":
                count = len(list(storage.get_callbacks(f"{url}/feed")))
                return {"asked": state["asked"], "count": count}
        return {"asked": state["asked"]}

    answer = lambda value: print(json.dumps(value), flush=True)
    answer({"url": f"{url}/feed"})
    for line in sys.stdin:
        try:
            answer(carry_out(json.loads(line)))
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})


main()
