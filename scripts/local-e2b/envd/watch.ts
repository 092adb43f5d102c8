import * as z from "zod/v4";
import { ConnectError } from "../connect/error.ts";
import { messageFrame, parseRequestFrame } from "../connect/frame.ts";
import { EventStream } from "../connect/stream.ts";
import { readBody } from "../http/body.ts";
import type { SandboxUser } from "../machine/machine.ts";
import { randomId } from "../state/names.ts";
import type { Sandbox } from "../state/sandbox.ts";
import { rpcUser } from "./auth.ts";
import type { EnvdCall } from "./call.ts";
import { deadlineError, timeoutOf } from "./deadline.ts";
import { type Change, DirectoryWatcher } from "./directory-watcher.ts";
import { findEntry, withMetadata } from "./entry.ts";
import { requireDirectory } from "./filesystem.ts";
import { parseMessage } from "./message.ts";
import { type Resolved, resolvePath } from "./paths.ts";

const watchRequest = z.object({
  path: z.string().default(""),
  recursive: z.boolean().default(false),
  includeEntry: z.boolean().default(false),
});
const watcherRequest = z.object({ watcherId: z.string() });

const KEEPALIVE_FRAME = messageFrame('{"keepalive":{}}');

/** WatchDir: streams changes. */
export async function watchDir(call: EnvdCall): Promise<void> {
  const { request, response, sandbox } = call;
  const message = parseMessage(watchRequest, parseRequestFrame(await readBody(request)));
  const deadlineMs = timeoutOf(request);
  const directory = requireDirectory(resolvePath(sandbox, rpcUser(request, sandbox), message.path, { follow: true }));
  let sent = Promise.resolve();
  const watcher = new DirectoryWatcher(directory.host, message.recursive, (change) => {
    const event = changeEvent(sandbox, directory, change, message.includeEntry);
    sent = sendAfter(sent, event);
  });
  const sendAfter = async (before: Promise<void>, event: Promise<object>): Promise<void> => {
    await before;
    stream.send(messageFrame(JSON.stringify({ filesystem: await event })));
  };
  const stream = new EventStream(request, response, KEEPALIVE_FRAME, undefined);
  const timer = deadlineMs === undefined ? undefined : setTimeout(() => stream.end(deadlineError()), deadlineMs);
  stream.onClose(() => {
    clearTimeout(timer);
    watcher.close();
  });
  stream.sendNow(messageFrame('{"start":{}}'));
}

/** CreateWatcher: collects changes until the client polls. */
export function createWatcher(sandbox: Sandbox, message: unknown, user: SandboxUser): object {
  const { path, recursive, includeEntry } = parseMessage(watchRequest, message);
  const directory = requireDirectory(resolvePath(sandbox, user, path, { follow: true }));
  const events: Promise<object>[] = [];
  const watcher = new DirectoryWatcher(directory.host, recursive, (change) => {
    events.push(changeEvent(sandbox, directory, change, includeEntry));
  });
  const watcherId = `w${randomId(20)}`;
  sandbox.watchers.set(watcherId, { takeEvents: () => Promise.all(events.splice(0)), close: () => watcher.close() });
  return { watcherId };
}

export async function getWatcherEvents(sandbox: Sandbox, message: unknown): Promise<object> {
  const { watcherId } = parseMessage(watcherRequest, message);
  const watcher = sandbox.watchers.get(watcherId);
  if (watcher === undefined) throw new ConnectError("not_found", `watcher with id ${watcherId} not found`);
  return { events: await watcher.takeEvents() };
}

export function removeWatcher(sandbox: Sandbox, message: unknown): object {
  const { watcherId } = parseMessage(watcherRequest, message);
  const watcher = sandbox.watchers.get(watcherId);
  if (watcher === undefined) throw new ConnectError("not_found", `watcher with id ${watcherId} not found`);
  watcher.close();
  sandbox.watchers.delete(watcherId);
  return {};
}

/** Never rejects: an event whose entry cannot be described has none. */
async function changeEvent(
  sandbox: Sandbox,
  directory: Resolved,
  { name, type }: Change,
  includeEntry: boolean,
): Promise<object> {
  // Events of a removal or a rename never carry an entry: the name may belong to another file by now.
  if (!includeEntry || type === "EVENT_TYPE_REMOVE" || type === "EVENT_TYPE_RENAME") return { name, type };
  try {
    const found = findEntry(sandbox, `${directory.path}/${name}`, `${directory.host}/${name}`);
    if (found === undefined) return { name, type };
    return { name, type, entry: (await withMetadata(sandbox, [found]))[0] };
  } catch {
    return { name, type };
  }
}
