"""What another's reader of Telegram's previews (teleglance) sees on a page.

Standard input: a page of https://t.me/s/NAME. Standard output: a post a line, as JSON.
"""

import json
import sys

from teleglance.parsing import default_registry, parse_feed

for message in parse_feed(sys.stdin.read(), default_registry()):
    post = {
        "number": message.id,
        "words": message.text or "",
        "at": message.date.isoformat() if message.date else None,
        "reply_to": message.reply_to.msg_id if message.reply_to else None,
    }
    print(json.dumps(post))
