// Use the TypeScript client that openapi-generator generates; arguments: URL and KEY.

import { deepStrictEqual } from "node:assert";
import { Configuration, EventsApi, type Todo, TodosApi } from "./generated_client/index";

async function main(url: string, key: string): Promise<void> {
  const configuration = new Configuration({ basePath: url, accessToken: key });
  const todos = new TodosApi(configuration);
  const ids = (rows: Todo[]): string[] => rows.map((row) => row.id);

  const dueOn = new Date("2027-03-01T00:00:00Z");
  const made = await todos.todosCreate({ todoRequest: { content: "Dig", dueOn } });
  deepStrictEqual([made.content, made.dueOn], ["Dig", dueOn]);

  const open = await todos.todosList({ state: "open", assignee: "none" });
  deepStrictEqual(ids(open.results), [made.id]);
  deepStrictEqual((await todos.todosList({ assignee: "me" })).results, []);

  const changed = await todos.todosPartialUpdate({
    id: made.id,
    patchedTodoChangeRequest: { notes: "Deep", dueOn: null },
  });
  deepStrictEqual([changed.content, changed.notes, changed.dueOn], ["Dig", "Deep", null]);

  deepStrictEqual((await todos.todosFinish({ id: made.id })).isFinished, true);
  const finished = await todos.todosList({ state: "finished" });
  deepStrictEqual(ids(finished.results), [made.id]);

  await todos.todosDestroy({ id: made.id });
  deepStrictEqual((await todos.todosList()).results, []);
  const trashed = await todos.todosList({ state: "trashed" });
  deepStrictEqual(ids(trashed.results), [made.id]);

  const events = await new EventsApi(configuration).eventsList({ resourceId: made.id });
  deepStrictEqual(
    events.results.map((event) => event.verb),
    ["todo.trashed", "todo.finished", "todo.changed", "todo.created"],
  );
  deepStrictEqual(events.results[2].changes, {
    due_on: ["2027-03-01", null],
    notes: ["", "Deep"],
  });
}

const [url, key] = process.argv.slice(2);
main(url, key);
