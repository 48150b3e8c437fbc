"""The todo service of a tutorial: Flask and SQLAlchemy, one list, no users.

DATABASE_URL is the database; with CACHE_URL the first page is kept in Redis as JSON.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import redis
from flask import Flask, Response, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

PAGE = 10  # todos
CACHED = "first page"
CACHED_SECONDS = 300

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)
cache = None
if url := os.environ.get("CACHE_URL"):
    cache = redis.Redis.from_url(url)


class Todo(db.Model):
    """A todo of the only list."""

    __tablename__ = "todo"

    id = db.Column(db.Integer, primary_key=True)
    content = db.Column(db.String(200), nullable=False)
    priority = db.Column(db.Integer, nullable=False, default=0)
    is_finished = db.Column(db.Boolean, nullable=False, default=False)
    created_at = db.Column(db.DateTime(timezone=True), nullable=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "content": self.content,
            "priority": self.priority,
            "is_finished": self.is_finished,
            "created_at": self.created_at.isoformat(),
        }


@app.get("/todos")
def list_todos() -> Response:
    number = request.args.get("page", 1, type=int)
    if cache is None or number != 1:
        return jsonify(results=page(number))
    body = cache.get(CACHED)
    if body is None:
        body = jsonify(results=page(1)).get_data()
        cache.set(CACHED, body, ex=CACHED_SECONDS)
    return Response(body, mimetype="application/json")


def page(number: int) -> list[dict[str, Any]]:
    newest = select(Todo).order_by(Todo.created_at.desc())
    rows = db.session.scalars(newest.offset((number - 1) * PAGE).limit(PAGE))
    return [todo.as_json() for todo in rows]


@app.post("/todos")
def add_todo() -> tuple[Response, int]:
    todo = Todo(content=request.get_json()["content"], created_at=datetime.now(UTC))
    db.session.add(todo)
    db.session.commit()
    if cache is not None:
        cache.delete(CACHED)
    return jsonify(todo.as_json()), 201
