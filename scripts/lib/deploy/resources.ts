/** The steps that create what is missing in the account. Each looks first, which needs no look at the words of an error. */
import { remoteDatabase } from '../migrate/d1.ts';
import { type Output, runWrangler, sharedFlags } from '../wrangler.ts';
import { bucketsOf, databaseOf, queuesOf } from './configuration.ts';
import { fileOf } from './edit.ts';
import { type Step, StepError } from './step.ts';

/** What wrangler says of a database that is in wrangler.toml but not in the account. */
const NO_DATABASE = /Couldn't find a D1 DB/;

export const databaseStep: Step = {
  name: 'Database',
  permission: 'D1: Edit',
  would({ configuration }) {
    const database = databaseOf(configuration);
    if (database?.database_id !== undefined)
      return `Check that the database ${database.database_id} is there.`;
    return `Create the D1 database ${database?.database_name ?? 'DB'}, unless it is there.`;
  },
  async run({ configuration, options }) {
    const { database_name: name, database_id: id } = databaseOf(configuration) ?? {};
    if (name === undefined) {
      throw new StepError(
        `${fileOf(configuration)} binds no database as DB${options.env === '' ? '' : ` for ${options.env}`}: add [[${
          options.env === '' ? '' : `env.${options.env}.`
        }d1_databases]] with binding = "DB" and a database_name.`,
      );
    }
    const failure = await remoteDatabase(options.args)(['SELECT 1']).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (failure === undefined) return `The database ${name} is there.`;
    if (id !== undefined || !NO_DATABASE.test(failure)) throw new StepError(failure);
    const place = options.jurisdiction === undefined ? [] : ['--jurisdiction', options.jurisdiction];
    await create(['d1', 'create', name, '--update-config=false', ...place], options.args);
    return `Created the database ${name}.`;
  },
};

export const queuesStep: Step = {
  name: 'Queues',
  permission: 'Queues: Edit',
  would({ configuration }) {
    const names = queuesOf(configuration);
    return names.length === 0 ? null : `Create the queues ${names.join(', ')}, unless they are there.`;
  },
  run: ({ configuration, options }) =>
    ensureAll(
      'queues',
      queuesOf(configuration),
      (name) => [
        ['queues', 'info', name],
        ['queues', 'create', name],
      ],
      options.args,
    ),
};

export const bucketsStep: Step = {
  name: 'Buckets',
  permission: 'Workers R2 Storage: Edit',
  would({ configuration }) {
    const names = bucketsOf(configuration).map(({ name }) => name);
    return names.length === 0 ? null : `Create the R2 bucket ${names.join(', ')}, unless it is there.`;
  },
  run({ configuration, options }) {
    const buckets = bucketsOf(configuration);
    return ensureAll(
      'buckets',
      buckets.map(({ name }) => name),
      (name) => {
        const jurisdiction = buckets.find((bucket) => bucket.name === name)?.jurisdiction;
        const place = jurisdiction === undefined ? [] : ['--jurisdiction', jurisdiction];
        return [
          // Asks R2 alone: what wrangler tells of a bucket itself needs the permission to read analytics, too.
          ['r2', 'bucket', 'lifecycle', 'list', name, ...place],
          ['r2', 'bucket', 'create', name, '--update-config=false', ...place],
        ];
      },
      options.args,
    );
  },
};

/** Creates what is missing of several things. @throws StepError that says which one could not be created */
async function ensureAll(
  kind: string,
  names: readonly string[],
  commandsOf: (name: string) => readonly [look: readonly string[], create: readonly string[]],
  args: readonly string[],
): Promise<string> {
  const looks = names.map((name) => runWrangler([...commandsOf(name)[0], ...sharedFlags(args)]));
  const present = (await Promise.all(looks)).map(({ code }) => code === 0);
  const missing = names.filter((_, index) => !present[index]);
  for (const name of missing) {
    const [, make] = commandsOf(name);
    try {
      await create(make, args);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      throw new StepError(`${error.message}\n\n${name} was not found and could not be created.`);
    }
  }
  if (missing.length === 0) return `The ${kind} are there: ${names.join(', ')}.`;
  return `Created the ${kind} ${missing.join(', ')}.`;
}

/** @throws StepError with what wrangler said. What it prints otherwise is advice on a configuration that is there already. */
async function create(command: readonly string[], args: readonly string[]): Promise<void> {
  const output: Output = await runWrangler([...command, ...sharedFlags(args)]);
  if (output.code !== 0) throw new StepError(`${output.stderr}${output.stdout}`.trim());
}
