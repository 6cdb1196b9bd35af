/** A server that replays dead letters as Speck's API does, two at a time, and answers as a test tells it to. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeProblem {
  readonly status: number;
  readonly reason: string;
  readonly detail: string;
}

export interface FakeDeadLetters {
  readonly url: string;
  /** Method and address of the requests that came. */
  readonly requests: string[];
  /** The token that came last, as it was sent. */
  authorization: string;
  /** The ids of the letters that are there, in order. */
  readonly letters: string[];
  /** The letters that cannot be replayed, and why. */
  readonly failing: Map<string, string>;
  /** What to answer to the next requests instead; null for the usual answer. */
  readonly problems: (FakeProblem | null)[];
  close(): void;
}

const AT_ONCE = 2;

export async function startFakeDeadLetters(): Promise<FakeDeadLetters> {
  const server = createServer((request, response) => {
    const { method, url = '/', headers } = request;
    fake.requests.push(`${method} ${url}`);
    fake.authorization = headers.authorization ?? '';
    const problem = fake.problems.shift();
    const after = new URL(url, fake.url).searchParams.get('after') ?? '';
    response.writeHead(problem?.status ?? 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(problem ?? (method === 'GET' ? { count: fake.letters.length } : replay(fake, after))),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeDeadLetters = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    authorization: '',
    letters: [],
    failing: new Map(),
    problems: [],
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return fake;
}

function replay({ letters, failing }: FakeDeadLetters, after: string) {
  const tried = letters.filter((id) => id > after).slice(0, AT_ONCE);
  const failed = tried.flatMap((id) => {
    const message = failing.get(id);
    return message === undefined ? [] : [{ id, message }];
  });
  for (const id of tried) if (!failing.has(id)) letters.splice(letters.indexOf(id), 1);
  return {
    replayed: tried.length - failed.length,
    failed,
    next: tried.length === AT_ONCE ? (tried.at(-1) ?? null) : null,
  };
}
