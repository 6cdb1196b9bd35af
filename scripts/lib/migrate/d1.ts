/** The database of wrangler.toml, on this machine or at Cloudflare, through `wrangler d1 execute`. */
import { flagsNamed, runWrangler, sharedFlags } from '../wrangler.ts';
import type { Execute } from './run.ts';
import type { Rows } from './structure.ts';

/** The database that `wrangler dev` opens with the same flags. */
export function localDatabase(args: readonly string[]): Execute {
  return (statements) =>
    execute(statements, ['--local', ...sharedFlags(args), ...flagsNamed(args, ['--persist-to'])]);
}

export function remoteDatabase(args: readonly string[]): Execute {
  return (statements) => execute(statements, ['--remote', ...sharedFlags(args)]);
}

/**
 * Runs all statements by one command. D1 makes it one transaction. A file would be an import, which keeps the database from
 * answering the Worker meanwhile, and gives no rows back.
 *
 * @throws Error with what wrangler or D1 said.
 */
async function execute(statements: readonly string[], flags: readonly string[]): Promise<readonly Rows[]> {
  const { code, stdout, stderr } = await runWrangler([
    'd1',
    'execute',
    'DB',
    '--json',
    '--yes',
    '--command',
    statements.join(';\n'),
    ...flags,
  ]);
  const answer = parseAnswer(stdout);
  if (code === 0 && Array.isArray(answer)) return answer.map(({ results }) => results);
  throw new Error(errorText(answer) ?? `${stdout}${stderr}`.trim());
}

interface Failure {
  readonly error: { readonly text?: string; readonly notes?: readonly { readonly text: string }[] };
}
type Answer = readonly { readonly results: Rows }[] | Failure;

/** What wrangler printed, from the first line on that begins a JSON text. */
function parseAnswer(text: string): Answer | undefined {
  const start = text.search(/^[[{]/m);
  if (start < 0) return undefined;
  try {
    return JSON.parse(text.slice(start)) as Answer;
  } catch {
    return undefined;
  }
}

function errorText(answer: Answer | undefined): string | undefined {
  if (answer === undefined || !('error' in answer)) return undefined;
  const { text, notes = [] } = answer.error;
  return [text, ...notes.map((note) => note.text)].filter((line) => line !== undefined).join('\n');
}
