/**
 * The queues that the configuration names. `wrangler deploy` makes those that the Worker sends to, but stops at one that
 * it only reads from, such as the dead letters'.
 */
import { join, resolve } from 'node:path';
import { ended, flagValue, ROOT, sharedFlags, spawnWrangler } from './wrangler.ts';

/** As much of the configuration as matters here: wrangler's own type of it is in a package that it does not install. */
interface Configuration {
  readonly queues: {
    readonly producers?: readonly { readonly queue?: string }[];
    readonly consumers?: readonly { readonly queue: string; readonly dead_letter_queue?: string }[];
  };
}

/** The names of all queues that are sent to, read from, or take what another gives up; each once. */
export async function queueNames(args: readonly string[]): Promise<string[]> {
  // wrangler takes seconds to load, which --help should not.
  const { unstable_readConfig } = await import('wrangler');
  const config = flagValue(args, '--config') ?? flagValue(args, '-c');
  const env = flagValue(args, '--env') ?? flagValue(args, '-e');
  const { queues }: Configuration = unstable_readConfig(
    {
      // Its directory is where the configuration is looked for when no flag names one.
      script: join(ROOT, 'package.json'),
      ...(config === undefined ? {} : { config: resolve(ROOT, config) }),
      ...(env === undefined ? {} : { env }),
    },
    // Deploying shows them.
    { hideWarnings: true },
  );
  const names = [
    ...(queues.producers ?? []).map(({ queue }) => queue),
    ...(queues.consumers ?? []).flatMap(({ queue, dead_letter_queue }) => [queue, dead_letter_queue]),
  ];
  // A producer without a name is given one by wrangler, together with its queue.
  return [...new Set(names)].filter((name) => name !== undefined);
}

/**
 * Makes a queue unless it is there. Whether it is there is asked first, because that needs no look at the words of an
 * error. Nobody is asked to log in: a command that may ask has to come before.
 */
export async function ensureQueue(
  name: string,
  args: readonly string[],
): Promise<'present' | 'made' | 'failed'> {
  const flags = sharedFlags(args);
  const info = spawnWrangler(['queues', 'info', name, ...flags], { stdio: 'ignore' });
  if ((await ended(info)) === 0) return 'present';
  // What it prints otherwise is advice on a configuration that is there already.
  const create = spawnWrangler(['queues', 'create', name, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return (await ended(create)) === 0 ? 'made' : 'failed';
}
