/** The README's quick start, run as it is written: its shell blocks, in one shell, against `npm start`. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyProject, type Project, ROOT, type Script } from '../scripts/project.ts';

let project: Project;
let start: Script;
let port: string;

beforeAll(async () => {
  project = copyProject({ builds: true });
  start = project.run('scripts/start.ts', ['--port', '0']);
  port = (await start.printed(/^Speck runs at http:\/\/127\.0\.0\.1:(\d+)$/m))[1] ?? '';
});

afterAll(async () => {
  start.child.kill('SIGINT');
  expect(await start.ended).toBe(0);
  project.remove();
});

it('adds a pixel, counts two events and reads them back', async () => {
  const readme = readFileSync(`${ROOT}/README.md`, 'utf8');
  const section = readme.slice(readme.indexOf('## Quick start'), readme.indexOf('## Add it to a page'));
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block);
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  // The pixel that it adds has days of UTC, and it asks for today.
  const left = 86_400_000 - (Date.now() % 86_400_000);
  if (left < 30_000) await new Promise((resolve) => setTimeout(resolve, left));

  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', blocks.join('\n')], {
    cwd: project.directory,
    env: { ...process.env, PORT: port },
  });
  const answers = stdout
    .split('\n')
    .filter((line) => line.startsWith('{"results"'))
    .map((line) => JSON.parse(line) as { results: unknown });
  expect(answers.map(({ results }) => results)).toEqual([
    [{ metrics: [1, 1, 2], dimensions: [] }],
    [
      { metrics: [1, 1], dimensions: ['/pricing'] },
      { metrics: [1, 1], dimensions: ['/welcome'] },
    ],
  ]);
  expect(stdout).toMatch(/"install":\{"script":"<script>/);
});
