import { parseArgs } from 'node:util';
import type { Way } from './runtime.ts';

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly concurrency: readonly number[];
  /** Keys of the Workers to measure; undefined means all. */
  readonly only: readonly string[] | undefined;
  /** Where the numbers go as JSON, besides the table on standard output. */
  readonly json: string | undefined;
  /** A directory with a built Worker to measure as Speck; undefined means: build the one in this repository. */
  readonly worker: string | undefined;
  readonly way: Way;
}

export const USAGE = `Usage: npm run bench -- [options]
  --rounds N            times each Worker is measured at each concurrency (5)
  --seconds S           seconds a measurement takes (4)
  --concurrency N,N…    connections, one request in flight on each (1,32,256)
  --only KEY,KEY…       measure these Workers only: a bare, b naive, c Speck, e with Analytics
                        Engine, c0 without store
  --json FILE           also write every measurement to FILE
  --worker DIR          measure the Worker built in DIR as Speck, instead of building this one
  --direct              reach the Workers by the runtime's own socket: past Miniflare's entry Worker, whose cost
                        all share, so that they stand further apart`;

/** Throws with a sentence for the user when an option is not understood. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      concurrency: { type: 'string', default: '1,32,256' },
      only: { type: 'string' },
      json: { type: 'string' },
      worker: { type: 'string' },
      direct: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    rounds: wholeNumber('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    concurrency: values.concurrency.split(',').map((part) => wholeNumber('--concurrency', part)),
    only: values.only?.split(','),
    json: values.json,
    worker: values.worker,
    way: values.direct ? 'direct' : 'entry',
  };
}

function wholeNumber(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new Error(`${name}: ${JSON.stringify(text)} is not a whole number`);
  return value;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name}: ${JSON.stringify(text)} is not a positive number`);
  return value;
}
