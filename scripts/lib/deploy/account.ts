/** The step that finds out who is signed in, and to which account everything goes. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ended, flagsNamed, ROOT, runWrangler, spawnWrangler } from '../wrangler.ts';
import type { Configuration } from './configuration.ts';
import type { Deployment } from './deployment.ts';
import { fileOf } from './edit.ts';
import { type Step, StepError } from './step.ts';

export const accountStep: Step = {
  name: 'Account',
  permission: 'Account Settings: Read',
  would: ({ configuration }) => {
    const id = configuration.account_id ?? process.env['CLOUDFLARE_ACCOUNT_ID'];
    return `Check who is signed in, and that ${id === undefined ? 'there is one account' : `the account ${id} is theirs`}.`;
  },
  async run({ options, configuration }: Deployment) {
    const { user, failure } = await signedIn(options.args);
    const chosen = chosenAccount(configuration, options.args, options.env);
    if (!user) {
      // A token that may deploy need not be allowed to tell whose it is.
      if (chosen === undefined) throw new StepError(`${failure}\n\n${NO_ACCOUNT}`);
      return use(
        { id: chosen.id },
        `The token does not tell whose it is. ${chosen.from} says where to deploy to`,
      );
    }
    const account = accountAmong(user.accounts, chosen, user.email);
    const missing = missingScopes(user);
    if (missing.length > 0) {
      throw new StepError(
        `You signed in without what a deploy needs: ${missing.join(', ')}. Sign in again: npx wrangler login`,
      );
    }
    return use(account, user.email === undefined ? 'Signed in' : `Signed in as ${user.email}`);
  },
};

interface Account {
  readonly id: string;
  readonly name?: string;
}

interface User {
  readonly email?: string;
  readonly authType?: string;
  readonly accounts: readonly Account[];
  /** What someone who signed in by wrangler login has allowed. */
  readonly tokenPermissions?: readonly string[];
}

interface Chosen {
  readonly id: string;
  /** What says so. */
  readonly from: string;
}

const NO_ACCOUNT =
  'Set CLOUDFLARE_ACCOUNT_ID to the id of your account. The overview of Workers in the dashboard of Cloudflare shows it.';

const NOT_SIGNED_IN =
  'Nobody is signed in to Cloudflare. Run npx wrangler login. Where there is no browser, set CLOUDFLARE_API_TOKEN and' +
  ' CLOUDFLARE_ACCOUNT_ID.';

/** Asks to sign in where someone can. @throws StepError if nobody is signed in. */
async function signedIn(
  args: readonly string[],
): Promise<{ readonly user?: User; readonly failure: string }> {
  const first = await whoAmI(args);
  if (!first.isNobody) return first;
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw new StepError(NOT_SIGNED_IN);
  await ended(spawnWrangler(['login'], { stdio: 'inherit' }));
  const second = await whoAmI(args);
  if (second.isNobody) throw new StepError(NOT_SIGNED_IN);
  return second;
}

async function whoAmI(
  args: readonly string[],
): Promise<{ readonly isNobody: boolean; readonly user?: User; readonly failure: string }> {
  const flags = flagsNamed(args, ['--config', '-c', '--env', '-e', '--env-file']);
  const { code, stdout, stderr } = await runWrangler(['whoami', '--json', ...flags]);
  const failure = `${stdout}${stderr}`.trim();
  const answer = parseUser(stdout);
  if (answer?.loggedIn === false) return { isNobody: true, failure };
  return code === 0 && answer ? { isNobody: false, user: answer, failure } : { isNobody: false, failure };
}

function parseUser(text: string): (User & { readonly loggedIn?: boolean }) | undefined {
  try {
    return JSON.parse(text.slice(text.indexOf('{')));
  } catch {
    return undefined;
  }
}

/** The account that the owner has named, in the order in which wrangler looks. */
function chosenAccount(
  configuration: Configuration,
  args: readonly string[],
  env: string,
): Chosen | undefined {
  if (configuration.account_id) {
    return { id: configuration.account_id, from: `account_id of ${fileOf(configuration)}` };
  }
  const { CLOUDFLARE_ACCOUNT_ID } = process.env;
  if (CLOUDFLARE_ACCOUNT_ID) return { id: CLOUDFLARE_ACCOUNT_ID, from: 'CLOUDFLARE_ACCOUNT_ID' };
  const named = flagsNamed(args, ['--env-file']).filter((arg) => arg !== '--env-file');
  const files =
    named.length > 0
      ? named.map((arg) => arg.replace('--env-file=', ''))
      : ['.env', '.env.local', ...(env === '' ? [] : [`.env.${env}`, `.env.${env}.local`])];
  for (const file of files.reverse()) {
    const path = resolve(ROOT, file);
    const id = existsSync(path) ? parseEnv(readFileSync(path, 'utf8'))['CLOUDFLARE_ACCOUNT_ID'] : undefined;
    if (id) return { id, from: `CLOUDFLARE_ACCOUNT_ID in ${file}` };
  }
  return undefined;
}

/** @throws StepError if it is not certain which one. */
function accountAmong(
  accounts: readonly Account[],
  chosen: Chosen | undefined,
  email: string | undefined,
): Account {
  const list = accounts.map(({ id, name }) => `  ${id}  ${name ?? ''}`).join('\n');
  const [only, ...more] = accounts;
  if (chosen === undefined) {
    if (!only) throw new StepError(`The token lists no account. ${NO_ACCOUNT}`);
    if (more.length === 0) return only;
    throw new StepError(
      `You can deploy to ${accounts.length} accounts:\n\n${list}\n\nSay to which one, by its id: set CLOUDFLARE_ACCOUNT_ID, or` +
        ' write account_id = "…" as the first line of wrangler.toml. Then run the same command again.',
    );
  }
  const account = accounts.find(({ id }) => id === chosen.id);
  if (account) return account;
  // A token need not be allowed to list any.
  if (!only) return { id: chosen.id };
  throw new StepError(
    `${chosen.from} is ${chosen.id}, which is none of the accounts of ${email ?? 'this token'}:\n\n${list}\n\nCorrect it, or sign in as` +
      ' someone else: npx wrangler login',
  );
}

/** What someone has to allow when they sign in. */
const SCOPES = ['workers:write', 'workers_scripts:write', 'd1:write', 'queues:write'];

function missingScopes({ authType, tokenPermissions }: User): string[] {
  if (authType !== 'OAuth Token' || tokenPermissions === undefined) return [];
  return SCOPES.filter((scope) => !tokenPermissions.includes(scope));
}

/** Makes every later command use this account, also where wrangler remembers another. */
function use({ id, name }: Account, who: string): string {
  process.env['CLOUDFLARE_ACCOUNT_ID'] = id;
  return `${who}: deploying to ${name === undefined ? `the account ${id}` : `the account "${name}" (${id})`}.`;
}
