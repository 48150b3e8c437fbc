"""What fields mean, where their names leave a question; by model."""

from __future__ import annotations

FIELDS = {
    "Todo": {
        "id": "Of the client's choice (a UUIDv7 is best), or made here.",
        "uid": "Its name in other systems, unique in the list; the id where not given.",
        "list": "The list it stands in. A new todo without one lands in the inbox.",
        "parent": "The todo of the same list that it is a part of, 5 levels at most.",
        "content": "What is to be done: 500 characters, 1,500 bytes in UTF-8.",
        "priority": "0 none, 1 low, 2 medium, 3 high.",
        "due_on": "A day from 1900 to 2999.",
        "due_time": "A time on the wall clock of `due_zone`; it needs `due_on`.",
        "due_zone": "An IANA time zone; one's own where a time comes without.",
        "due_at": "The moment of `due_on` and `due_time`.",
        "starts_on": "Not before this day, which is not after `due_on`.",
        "rank": "Its place in the list, by bytes; `todos_position` changes it.",
        "assignee": "Who does it: a member of the list.",
        "labels": "Labels of the list.",
        "deleted_at": "In the trash since.",
        "version": "Raised by every change; the `ETag`.",
    },
    "TodoList": {
        "is_archived": "Whether it is read-only.",
        "is_inbox": "An inbox is not shared, archived or deleted.",
        "role": "What the person who asks may do in it.",
        "colour": "For the person who asks: #rrggbb, or empty.",
        "position": "Rank among one's own lists, compared by bytes.",
        "revision": "Number of its last event; raised by every change in it.",
    },
    "Label": {"colour": "#rrggbb, or empty."},
    "Membership": {"role": "Owners do all, editors all but share, viewers look."},
    "ApiKey": {
        "public_id": "The part of the key that is no secret.",
        "scopes": "What it may do. Without them it gets all but `keys:write`.",
        "expires_at": "When it stops working; never where null.",
        "last_used_at": "To the minute.",
        "token": "The whole key. It is in this answer and nowhere else.",
    },
    "User": {
        "time_zone": "An IANA time zone.",
        "roles": "Names of the person's roles.",
        "permissions": "What they grant, as app.codename.",
    },
    "Event": {
        "at": "When it happened.",
        "actor_id": "Who did it; null for the system itself.",
        "actor_label": "The user name at that time.",
        "stream_id": "The list that it happened in.",
        "seq": "Its number in that list, without gaps.",
        "fields_changed": "Which fields changed.",
        "changes": "{field: [before, after]}; null where one does not see the list.",
    },
}
