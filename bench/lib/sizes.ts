import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Sizes {
  /** Numbers of events. */
  readonly sizes: readonly number[];
  /** A directory with a built Worker to measure; undefined means: build the one in this repository. */
  readonly worker: string | undefined;
}

/** The arguments of a bench that is given numbers of events, such as `10000 1000000` or `10k 1M`. Ends with a sentence for the user when they are not understood. */
export function sizesAndOptions(name: string, defaults: readonly number[]): Sizes {
  const usage = `Usage: npm run ${name} -- [events…] [--worker DIR]
  events…        numbers of events, such as 10000 or 1M (${defaults.join(' ')})
  --worker DIR   measure the Worker built in DIR, instead of building this one`;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { worker: { type: 'string' }, help: { type: 'boolean', default: false } },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const sizes = positionals.flatMap((text) => text.split(',')).map(sizeOf);
    return {
      sizes: sizes.length > 0 ? sizes : defaults,
      worker: values.worker === undefined ? undefined : resolve(values.worker),
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
