/** The flags of `npm run deploy`. What is none of its own goes to wrangler. */

import { originOf, UsageError } from '../target.ts';
import { flagValue, withoutFlags } from '../wrangler.ts';
import { environmentOf } from './configuration.ts';
import { domainOf } from './domain.ts';

export interface Options {
  /** The flags for wrangler. */
  readonly args: readonly string[];
  /** The environment of the configuration; '' for none. */
  readonly env: string;
  readonly dryRun: boolean;
  /** A domain to write into the configuration. */
  readonly domain: string | undefined;
  /** The address to test, if it is not the one that wrangler reports. */
  readonly url: string | undefined;
  /** A file of secrets that go up with the Worker. */
  readonly secretsFile: string | undefined;
  /** Where a new database must keep its data. */
  readonly jurisdiction: string | undefined;
  /** The owner's token, if it is known. */
  readonly token: string | undefined;
  /** The address of a Speck that is only to be tested. */
  readonly smokeTest: string | undefined;
}

export const USAGE = `Usage: npm run deploy [-- FLAGS]

Creates what is missing at Cloudflare, migrates the database, deploys the Worker and tests it. Running it again does no harm:
what is done is not done twice, and after a failure it continues.

  --dry-run            Show each step and build the Worker. Changes nothing and needs no account
  --env NAME           Deploy another Speck, with a database and queues of its own. If wrangler.toml has no environment of that
                       name, its sections are added
  --domain HOST        Write your own domain into wrangler.toml, such as px.example.com, and deploy
  --secrets-file FILE  Upload these secrets (JSON or .env) with the Worker, instead of new ones
  --jurisdiction NAME  Where a new database must keep its data: eu, us or fedramp
  --url URL            The address to test, if it is not the one that the deploy reports
  --token TOKEN        The owner's token, with which the Worker is tested as a whole. Default: SPECK_TOKEN
  --smoke-test URL     Deploy nothing: only test the Speck at this address

Any other flag goes to \`wrangler deploy\`. If you are not signed in, the command asks you to. Without a terminal, set
CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID.

Exit code: 0 if all is done, 1 if a step failed, 2 for a wrong command.`;

const OWN_FLAGS = [
  '--domain',
  '--url',
  '--smoke-test',
  '--token',
  '--secrets-file',
  '--jurisdiction',
] as const;

/** @throws UsageError */
export function parseOptions(given: readonly string[]): Options {
  for (const [index, arg] of given.entries()) {
    const value = given[index + 1];
    if (OWN_FLAGS.some((name) => arg === name) && (value === undefined || value.startsWith('--'))) {
      throw new UsageError(`${arg} needs a value.`);
    }
  }
  const args = withoutFlags(given, OWN_FLAGS).filter((arg) => arg !== '--dry-run');
  const env = environmentOf(args);
  if (env !== '' && !/^[a-z0-9]+(-[a-z0-9]+)*$/i.test(env)) {
    throw new UsageError(`--env ${JSON.stringify(env)} is not a name such as staging.`);
  }
  const domain = flagValue(given, '--domain');
  const url = flagValue(given, '--url');
  const smokeTest = flagValue(given, '--smoke-test');
  return {
    args,
    env,
    dryRun: given.includes('--dry-run'),
    domain: domain === undefined ? undefined : domainOf(domain),
    url: url === undefined ? undefined : originOf(url, '--url'),
    secretsFile: flagValue(given, '--secrets-file'),
    jurisdiction: flagValue(given, '--jurisdiction'),
    token: flagValue(given, '--token') ?? process.env['SPECK_TOKEN'],
    smokeTest: smokeTest === undefined ? undefined : originOf(smokeTest, '--smoke-test'),
  };
}
