/**
 * The Worker's secrets. Those that it lacks are made and go up together with it, so that no version of it runs without.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { newSecret } from '../dev-vars.ts';
import { flagsNamed, ROOT, runWrangler, sharedFlags } from '../wrangler.ts';
import { StepError } from './step.ts';

const NAMES = ['SECRET_KEY', 'ADMIN_TOKEN'] as const;
type Name = (typeof NAMES)[number];
export type Secrets = Readonly<Record<string, string>>;

/** What wrangler says of a Worker that is not there yet. */
const NO_WORKER = /Worker "[^"]*".* not found/;

/**
 * The names of the secrets that the Worker has.
 *
 * @throws StepError when that cannot be known: to make another SECRET_KEY would cost the people that are known, so nothing is made then.
 */
export async function presentSecrets(args: readonly string[]): Promise<ReadonlySet<string>> {
  const flags = [...sharedFlags(args), ...flagsNamed(args, ['--name'])];
  const { code, stdout, stderr } = await runWrangler(['secret', 'list', '--format', 'json', ...flags]);
  if (code !== 0 && NO_WORKER.test(stderr + stdout)) return new Set();
  const names = code === 0 ? namesIn(stdout) : null;
  if (names === null) {
    throw new StepError(`${stderr}${stdout}\n\nWhich secrets the Worker has could not be looked up.`);
  }
  return new Set(names);
}

/** The names in wrangler's list of secrets, or null when it is no such list. */
function namesIn(text: string): string[] | null {
  try {
    const list: unknown = JSON.parse(text.slice(text.indexOf('[')));
    return Array.isArray(list) ? list.map((one: { readonly name?: unknown }) => String(one.name)) : null;
  } catch {
    return null;
  }
}

/** The secrets in a file of the owner: JSON, or lines of NAME=value. @throws StepError */
export function secretsIn(file: string): Secrets {
  try {
    const text = readFileSync(resolve(ROOT, file), 'utf8');
    return text.trimStart().startsWith('{') ? JSON.parse(text) : (parseEnv(text) as Secrets);
  } catch (error) {
    throw new StepError(
      `--secrets-file ${file} could not be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** New ones for those that neither the Worker nor the owner has. */
export function missingSecrets(present: ReadonlySet<string>, own: Secrets): Partial<Record<Name, string>> {
  return Object.fromEntries(
    NAMES.filter((name) => !present.has(name) && own[name] === undefined).map((name) => [name, newSecret()]),
  );
}

/** Runs a command with secrets in a file that only this user can read, and that is gone afterwards. */
export async function withSecretsFile<Result>(
  secrets: Secrets,
  run: (flags: readonly string[]) => Promise<Result>,
): Promise<Result> {
  if (Object.keys(secrets).length === 0) return run([]);
  const directory = mkdtempSync(join(tmpdir(), 'speck-secret-'));
  try {
    const file = join(directory, 'secrets.json');
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    return await run(['--secrets-file', file]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const MEANING: Readonly<
  Record<Name, { readonly what: string; readonly keep: string; readonly replace: string }>
> = {
  SECRET_KEY: {
    what: 'under which visitors and people are hashed',
    keep: 'Keep a copy where you keep passwords, and not beside a copy of the database: nothing shows it again, and it is needed to move Speck to another account.',
    replace:
      'To have a copy, which moving Speck to another account needs, put one of your own before events come: npx wrangler secret put SECRET_KEY',
  },
  ADMIN_TOKEN: {
    what: "the owner's token, with which you sign in and call the API",
    keep: 'Keep it where you keep passwords: nothing shows it again.',
    replace:
      'To sign in, put one of your own, such as openssl rand -base64 32 prints: npx wrangler secret put ADMIN_TOKEN',
  },
};

/**
 * What to tell of secrets that were made. Only a terminal is shown them: what is redirected is often kept, and read by others.
 *
 * @param flags those that `wrangler secret put` needs, too
 */
export function madeSecrets(
  made: Partial<Record<Name, string>>,
  isTerminal: boolean,
  flags: readonly string[],
): string {
  return NAMES.flatMap((name) => {
    const secret = made[name];
    if (secret === undefined) return [];
    const { what, keep, replace } = MEANING[name];
    return isTerminal
      ? [`\nMade the secret ${name}, ${what}.\n${keep}\n\n  ${secret}\n`]
      : [
          `\nMade the secret ${name}, ${what}.\nIt is not shown, since this is no terminal.\n${[replace, ...flags].join(' ')}\n`,
        ];
  }).join('');
}
