import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';

export interface Sizes {
  /** Numbers of events. */
  readonly sizes: readonly number[];
  /** A directory with a built Worker to measure; undefined means: build the one in this repository. */
  readonly worker: string | undefined;
  /** The values of the bench's own options. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** An option that only one bench has: how `parseArgs` reads it, and its line of the usage. */
export type OwnOption = NonNullable<ParseArgsConfig['options']>[string] & { readonly usage: string };

/** The arguments of a bench that is given numbers of events, such as `--events 10k,1M`. Ends with a sentence for the user when they are not understood. */
export function sizesAndOptions(
  name: string,
  defaults: readonly number[],
  own: Readonly<Record<string, OwnOption>> = {},
): Sizes {
  const usage = [
    `Usage: npm run ${name} -- [options]`,
    `  --events N,N…  numbers of events, such as 10000 or 1M (${defaults.join(',')})`,
    '  --worker DIR   measure the Worker built in DIR, instead of building this one',
    ...Object.values(own).map((option) => `  ${option.usage}`),
  ].join('\n');
  try {
    const { values } = parseArgs({
      options: {
        ...own,
        events: { type: 'string' },
        worker: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    return {
      sizes: values.events?.split(',').map(sizeOf) ?? defaults,
      worker: values.worker === undefined ? undefined : resolve(values.worker),
      values,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6 };

function sizeOf(text: string): number {
  const [, digits, unit = ''] = /^([1-9]\d*)([kM]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`${JSON.stringify(text)} is not a number of events`);
  return Number(digits) * (UNITS[unit] as number);
}
