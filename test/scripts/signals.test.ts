/** `npm start` leaves nothing behind: whatever ends first of npm, the script, wrangler and the runtime, all of it ends. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tryListen } from '../../scripts/lib/address.ts';
import { eventually } from '../eventually.ts';
import { copyProject, type Project, processesOf, type Script } from './project.ts';

/** It looks at processes by /proc. */
const linux = process.platform === 'linux';

/** One for all tests: what a start leaves on disk, such as the tables, is there for the next one. */
let copy: Project;
let script: Script;

beforeAll(() => {
  copy = copyProject();
});
afterEach(() => {
  for (const id of processesOf(copy)) process.kill(Number(id), 'SIGKILL');
});
afterAll(() => copy.remove());

async function running(
  by: 'npm' | 'script',
  environment?: NodeJS.ProcessEnv,
): Promise<{ url: string; port: number }> {
  const args = ['--port', '0'];
  script = by === 'npm' ? copy.npmStart(args) : copy.run('scripts/start.ts', args, environment);
  const [, url, port] = await script.printed(/^Speck runs at (http:\/\/127\.0\.0\.1:(\d+))$/m);
  return { url: url as string, port: Number(port) };
}

/** The processes of the copy whose command line matches. */
function processesMatching(pattern: RegExp): number[] {
  const line = (id: string): string => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  };
  return processesOf(copy)
    .filter((id) => pattern.test(line(id)))
    .map(Number);
}

async function expectNothingLeft(port: number): Promise<void> {
  await eventually(() => processesOf(copy).length === 0, `the end of ${processesOf(copy).length} processes`);
  expect(await tryListen('127.0.0.1', port)).toEqual({ port });
}

describe.runIf(linux)('a signal', () => {
  it.each([
    ['npm', 'SIGTERM'],
    ['terminal', 'SIGINT'],
    ['terminal', 'SIGHUP'],
    ['npm', 'SIGHUP'],
    ['npm', 'SIGKILL'],
    ['script', 'SIGTERM'],
    ['script', 'SIGINT'],
    ['script', 'SIGHUP'],
    ['script', 'SIGKILL'],
  ] as const)('to %s, %s, ends all processes', async (target, signal) => {
    const { port } = await running(target === 'script' ? 'script' : 'npm');
    expect(processesMatching(/workerd/).length).toBeGreaterThan(0);
    // A terminal signals all that it runs.
    if (target === 'terminal') process.kill(-(script.child.pid as number), signal);
    else script.child.kill(signal);
    await expectNothingLeft(port);
  });

  it('that ends wrangler ends all processes, and is reported', async () => {
    const { port } = await running('script');
    for (const id of processesMatching(/wrangler\.js/)) process.kill(id, 'SIGKILL');
    expect(await script.ended).not.toBe(0);
    expect(script.stderr()).toContain('The local Worker ended by itself');
    await expectNothingLeft(port);
  });

  it('that ends the runtime, which wrangler waits for in vain, ends every process, with a message', async () => {
    const { port } = await running('script', { SPECK_WATCH_INTERVAL: '1000' });
    for (const id of processesMatching(/workerd/)) process.kill(id, 'SIGKILL');
    expect(await script.ended).toBe(1);
    expect(script.stderr()).toContain('The local Worker no longer answers');
    await expectNothingLeft(port);
  });
});

describe('the local runtime', () => {
  it('has no explorer, since that would run SQL for anyone', async () => {
    const { url } = await running('script');
    const body = JSON.stringify({ sql: 'SELECT * FROM salts' });
    for (const path of ['/cdn-cgi/explorer', '/cdn-cgi/explorer/api/d1/database/DB/raw']) {
      for (const method of ['GET', 'POST']) {
        const response = await fetch(url + path, { method, ...(method === 'POST' ? { body } : {}) });
        expect([method, path, response.status]).toEqual([method, path, 404]);
      }
    }
    script.child.kill('SIGTERM');
    expect(await script.ended).toBe(0);
  });
});
