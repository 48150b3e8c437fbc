"""The statements that fill the database."""

from __future__ import annotations

# Ids are computed from numbers, so that no statement has to look them up.
PEOPLE = """
INSERT INTO accounts_user (id, password, is_superuser, created_at, updated_at, version,
    username, username_key, email, display_name, time_zone, language, is_active,
    access_version)
SELECT md5('person' || n)::uuid, '!', false, %(since)s + n * interval '1 second',
    now(), 1, 'person-' || n, 'person-' || n, '', 'Person', 'UTC', 'en', true, 1
FROM generate_series(1, %(people)s) AS n
"""
LISTS = """
INSERT INTO todos_todolist (id, created_at, updated_at, version, name, is_archived,
    revision, last_rank, inbox_of_id)
SELECT md5('list' || n)::uuid, %(since)s + n * interval '1 second', now(), 1, 'Inbox',
    false, 0, 'zz', md5('person' || n)::uuid
FROM generate_series(1, %(people)s) AS n
"""
MEMBERS = """
INSERT INTO todos_membership (id, created_at, updated_at, version, role, position,
    colour, user_id, list_id)
SELECT md5('member' || n)::uuid, %(since)s + n * interval '1 second', now(), 1,
    'owner', 'a0', '', md5('person' || n)::uuid, md5('list' || n)::uuid
FROM generate_series(1, %(people)s) AS n
"""
# A third is finished, a half has a due date, and one word is in every thousandth.
_TODOS = """
INSERT INTO todos_todo (id, created_at, updated_at, version, uid, content, notes,
    search_key, priority, due_zone, due_on, rank, is_finished, finished_at, deleted_at,
    list_id)
SELECT id, made, made, 1, id::text, words, '', words,
    CASE WHEN chance %% 10 = 0 THEN 1 + chance %% 3 ELSE 0 END, '',
    CASE WHEN chance %% 2 = 0 THEN date '2026-01-01' + chance %% 4000 END,
    'c' || lpad((n / 10000)::text, 4, '0') || lpad((n %% 10000)::text, 4, '0'),
    chance %% 7 < 2, CASE WHEN chance %% 7 < 2 THEN made END,
    CASE WHEN chance %% 20 = 7 THEN made + interval '1 day' END, list
FROM (
    SELECT n, (n::bigint * 7919 %% 1000003)::int AS chance, (
            lpad(to_hex((extract(epoch FROM %(since)s) + n * 60)::bigint * 1000),
                12, '0') || '70008' || substr(md5(%(name)s || n), 1, 15)
        )::uuid AS id,
        %(since)s + n * interval '1 minute' AS made,
        'water 每天 ' || n || CASE WHEN n %% 1000 = 1 THEN ' zanzibar' ELSE '' END
            AS words, {list} AS list
    FROM generate_series(1, %(todos)s) AS n
) AS numbered
"""
TODOS_OF_ONE = _TODOS.format(
    list="(%(lists)s::uuid[])[1 + n %% array_length(%(lists)s::uuid[], 1)]"
)
TODOS_OF_OTHERS = _TODOS.format(list="md5('list' || 1 + n %% %(people)s)::uuid")
# Five labels in each list of the one person and in a tenth of the others; a tenth of
# the todos of these lists has one.
LABELS = """
INSERT INTO todos_label (id, created_at, updated_at, version, name, name_key, colour,
    list_id)
SELECT md5('label' || n || todos_todolist.id)::uuid, created_at, now(), 1,
    'label ' || n, 'label ' || n, '', todos_todolist.id
FROM todos_todolist, generate_series(0, 4) AS n
WHERE todos_todolist.id = ANY(%(lists)s::uuid[])
    OR abs(hashtext(todos_todolist.id::text)) %% 10 = 0
"""
LABELLED = """
INSERT INTO todos_todo_labels (todo_id, label_id)
SELECT todos_todo.id, todos_label.id FROM todos_todo
JOIN todos_label ON todos_label.list_id = todos_todo.list_id
    AND name = 'label ' || abs(hashtext(todos_todo.id::text)) %% 50
"""
# On every hundredth todo, and ten thousand on one.
COMMENTS = """
INSERT INTO todos_comment (id, created_at, updated_at, version, text, list_id, todo_id)
SELECT md5('comment' || n || id)::uuid, created_at + n * interval '1 minute', now(), 1,
    'Yes', list_id, id
FROM (
    SELECT id, list_id, created_at, CASE WHEN id = (
            SELECT id FROM todos_todo WHERE list_id = (%(lists)s::uuid[])[1] LIMIT 1
        ) THEN 10000 ELSE 1 END AS many
    FROM todos_todo WHERE abs(hashtext(id::text)) %% 100 = 0 OR id = (
        SELECT id FROM todos_todo WHERE list_id = (%(lists)s::uuid[])[1] LIMIT 1
    )
) AS talked_about, generate_series(1, many) AS n
"""
EVENTS = """
INSERT INTO core_event (id, at, actor_label, source, request_id, verb, resource_type,
    resource_id, stream_id, seq, changes)
SELECT id, created_at, 'x', 'api', 'request-' || id, 'todo.created', 'todo', id,
    list_id, 1000000 + row_number() OVER (PARTITION BY list_id ORDER BY id),
    '{"content": [null, "water"]}'
FROM todos_todo LIMIT %(events)s
"""
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'todos_todo'
AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
OWNERS = (PEOPLE, LISTS, MEMBERS)
BESIDE_TODOS = (LABELS, LABELLED, COMMENTS, EVENTS)
