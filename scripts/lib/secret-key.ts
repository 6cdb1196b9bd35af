/**
 * SECRET_KEY on Cloudflare. It is made when the Worker has none and goes up together with the Worker, so that no version
 * of it runs without.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSecret } from './dev-vars.ts';
import { ended, flagsNamed, sharedFlags, spawnWrangler } from './wrangler.ts';

const NAME = 'SECRET_KEY';

/** What wrangler says of a Worker that is not there yet. */
const NO_WORKER = /Worker "[^"]*".* not found/;

/**
 * Whether the Worker has its secret. `failed` when that cannot be known: to make another one would cost the people that
 * are known, so nothing is made then.
 */
export async function findSecretKey(args: readonly string[]): Promise<'present' | 'missing' | 'failed'> {
  const flags = [...sharedFlags(args), ...flagsNamed(args, ['--name'])];
  const child = spawnWrangler(['secret', 'list', '--format', 'json', ...flags], {
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  if ((await ended(child)) !== 0) {
    if (NO_WORKER.test(output.stderr + output.stdout)) return 'missing';
    process.stderr.write(output.stderr);
    return 'failed';
  }
  const names = namesIn(output.stdout);
  if (names === null) {
    process.stderr.write(output.stdout);
    return 'failed';
  }
  return names.includes(NAME) ? 'present' : 'missing';
}

/** The names in wrangler's list of secrets, or null when it is no such list. */
function namesIn(text: string): readonly unknown[] | null {
  try {
    const list: unknown = JSON.parse(text.slice(text.indexOf('[')));
    return Array.isArray(list) ? list.map((one: { readonly name?: unknown }) => one.name) : null;
  } catch {
    return null;
  }
}

/**
 * Runs a deploy with a new secret in a file that only this user can read, and that is gone afterwards.
 *
 * @returns the secret, and what the deploy gave.
 */
export async function withNewSecretKey<Result>(
  deploy: (flags: readonly string[]) => Promise<Result>,
): Promise<{ readonly secret: string; readonly result: Result }> {
  const secret = newSecret();
  const directory = mkdtempSync(join(tmpdir(), 'speck-secret-'));
  try {
    const file = join(directory, 'secrets.json');
    writeFileSync(file, JSON.stringify({ [NAME]: secret }), { mode: 0o600 });
    return { secret, result: await deploy(['--secrets-file', file]) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * What to tell of a secret that was made. Only a terminal is shown it: what is redirected is often kept, and read by others.
 */
export function madeSecretKey(secret: string, isTerminal: boolean): string {
  return isTerminal
    ? `
Made the secret ${NAME}, under which visitors and people are hashed. Keep a copy where you keep passwords, and not beside a
copy of the database: nothing shows it again, and it is needed to move Speck to another account.

  ${secret}
`
    : `
Made the secret ${NAME}, under which visitors and people are hashed. It is not shown, since this is no terminal. To have a copy,
which moving Speck to another account needs, put one of your own before events come: npx wrangler secret put ${NAME}
`;
}
