/** What wrangler reads from its configuration, as far as a deploy needs it. */
import { join, resolve } from 'node:path';
import { flagValue, ROOT } from '../wrangler.ts';

/** Wrangler's own type of it is in a package that it does not install. */
export interface Configuration {
  /** The file, undefined if there is none. */
  readonly configPath: string | undefined;
  /** The Worker's name, which an environment's name is part of. */
  readonly name?: string;
  /** The Worker's name without that of the environment. */
  readonly topLevelName?: string;
  readonly account_id?: string;
  /** The names of the environments that the file has. */
  readonly definedEnvironments?: readonly string[];
  readonly workers_dev?: boolean;
  readonly route?: Route;
  readonly routes?: readonly Route[];
  readonly d1_databases: readonly D1[];
  readonly r2_buckets: readonly {
    readonly binding: string;
    readonly bucket_name?: string;
    readonly jurisdiction?: string;
  }[];
  readonly queues: {
    readonly producers?: readonly { readonly queue?: string }[];
    readonly consumers?: readonly { readonly queue: string; readonly dead_letter_queue?: string }[];
  };
}

export type Route = string | { readonly pattern: string; readonly custom_domain?: boolean };

interface D1 {
  readonly binding: string;
  readonly database_name?: string;
  readonly database_id?: string;
}

/** The configuration of the environment that the flags choose. @throws what wrangler says if the file is not valid. */
export async function readConfiguration(args: readonly string[]): Promise<Configuration> {
  return readFile({ config: flagValue(args, '--config') ?? flagValue(args, '-c'), env: environmentOf(args) });
}

/** The configuration as it is without an environment. */
export async function readTopLevel(args: readonly string[]): Promise<Configuration> {
  return readFile({ config: flagValue(args, '--config') ?? flagValue(args, '-c'), env: '' });
}

/** The environment that wrangler chooses; '' for none. */
export function environmentOf(args: readonly string[]): string {
  return flagValue(args, '--env') ?? flagValue(args, '-e') ?? process.env['CLOUDFLARE_ENV'] ?? '';
}

/** Reads a file; without one, the one in this project's folder. */
export async function readFile({
  config,
  env,
}: {
  readonly config: string | undefined;
  readonly env: string;
}): Promise<Configuration> {
  // wrangler takes seconds to load, which --help should not.
  const { unstable_readConfig } = await import('wrangler');
  return unstable_readConfig(
    {
      // Its directory is where the configuration is looked for when no flag names one.
      script: join(ROOT, 'package.json'),
      ...(config === undefined ? {} : { config: resolve(ROOT, config) }),
      env,
    },
    // Deploying shows them.
    { hideWarnings: true },
  ) as Configuration;
}

/** The database of the Worker. */
export function databaseOf({ d1_databases }: Configuration): D1 | undefined {
  return d1_databases.find(({ binding }) => binding === 'DB');
}

/** The names of all queues that are sent to, read from, or take what another gives up; each once. */
export function queuesOf({ queues }: Configuration): string[] {
  const names = [
    ...(queues.producers ?? []).map(({ queue }) => queue),
    ...(queues.consumers ?? []).flatMap(({ queue, dead_letter_queue }) => [queue, dead_letter_queue]),
  ];
  // A producer without a name is given one by wrangler, together with its queue.
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** The buckets that are bound by name, each with the jurisdiction that it is in. */
export function bucketsOf({
  r2_buckets,
}: Configuration): { readonly name: string; readonly jurisdiction: string | undefined }[] {
  return r2_buckets.flatMap(({ bucket_name: name, jurisdiction }) =>
    name === undefined ? [] : [{ name, jurisdiction }],
  );
}

/** All routes, in either spelling of the configuration. */
export function routesOf({ route, routes = [] }: Configuration): readonly Exclude<Route, string>[] {
  return [...(route === undefined ? [] : [route]), ...routes].map((one) =>
    typeof one === 'string' ? { pattern: one } : one,
  );
}

/** The domains that lead to the Worker as a whole. */
export function customDomainsOf(configuration: Configuration): string[] {
  return routesOf(configuration).flatMap(({ pattern, custom_domain }) => (custom_domain ? [pattern] : []));
}
