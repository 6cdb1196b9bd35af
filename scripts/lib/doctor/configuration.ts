/** What wrangler.toml says, and what of it loses events, records visitors, or is not what is deployed. */
import { customDomainsOf, type Configuration as Deployed, readFile } from '../deploy/configuration.ts';
import { type Diagnostics, deployCommand, type Facts, type Finding } from './facts.ts';

/** As much of the configuration as matters here: more than a deploy needs. */
export interface Configuration extends Deployed {
  readonly vars: Readonly<Record<string, unknown>>;
  readonly triggers: { readonly crons?: readonly string[] };
  readonly analytics_engine_datasets: readonly Bound[];
  readonly ratelimits?: readonly { readonly name: string }[];
  readonly queues: {
    readonly producers?: readonly { readonly binding: string; readonly queue?: string }[];
    readonly consumers?: readonly { readonly queue: string; readonly dead_letter_queue?: string }[];
  };
  readonly limits?: { readonly cpu_ms?: number };
  readonly observability?: {
    readonly enabled?: boolean;
    readonly logs?: { readonly enabled?: boolean; readonly invocation_logs?: boolean };
  };
}

interface Bound {
  readonly binding: string;
}

/** @throws what wrangler says if the file is not valid. */
export async function readConfiguration(env: string | undefined): Promise<Configuration> {
  return (await readFile({ config: undefined, env: env ?? '' })) as Configuration;
}

/** The custom domain of a configuration; undefined if it has none. */
export const customDomainOf = (configuration: Configuration): string | undefined =>
  customDomainsOf(configuration)[0];

const CRON = '*/5 * * * *';
/** The Worker recognizes the queue of dead letters by this end of its name. */
const DEAD_LETTERS = /dead-letters$/;

export function configurationFindings(facts: Facts): Finding[] {
  const { configuration } = facts;
  if (!configuration) return [];
  return [
    ...addressFindings(configuration),
    ...queueFindings(configuration),
    ...cronFindings(configuration),
    ...logFindings(configuration),
    ...(facts.diagnostics ? differences(facts, configuration, facts.diagnostics) : []),
  ];
}

function addressFindings(configuration: Configuration): Finding[] {
  const domain = customDomainOf(configuration);
  if (domain === undefined || configuration.workers_dev === false) return [];
  return [
    {
      code: 'two_addresses',
      level: 'wrong',
      what: `wrangler.toml gives the Worker the domain ${domain} and leaves it at its workers.dev address, too.`,
      advice: 'Set workers_dev = false in wrangler.toml, and deploy.',
    },
  ];
}

function queueFindings({ queues: { producers = [], consumers = [] } }: Configuration): Finding[] {
  return producers
    .filter(({ binding }) => binding === 'QUEUE')
    .flatMap(({ queue }): Finding[] => {
      const wrong = (code: string, what: string, advice: string): Finding[] => [
        {
          code,
          level: 'wrong',
          what,
          advice: `${advice}, as the wrangler.toml of the repository has it, and deploy.`,
        },
      ];
      const reader = consumers.find((one) => one.queue === queue);
      if (!reader)
        return wrong(
          'queue_unread',
          `Nothing reads the queue ${queue}: events that wait there are lost after some days.`,
          'Add its section [[queues.consumers]]',
        );
      const letters = reader.dead_letter_queue;
      if (letters === undefined)
        return wrong(
          'no_dead_letter_queue',
          `The queue ${queue} has no dead-letter queue: what cannot be stored after its retries is deleted.`,
          'Set dead_letter_queue in its section [[queues.consumers]]',
        );
      if (!DEAD_LETTERS.test(letters))
        return wrong(
          'dead_letters_misnamed',
          `The dead-letter queue is named ${letters}: the Worker would not recognize it, and would try its messages again.`,
          'Give it a name that ends in dead-letters',
        );
      if (!consumers.some((one) => one.queue === letters))
        return wrong(
          'dead_letters_unread',
          `Nothing reads the dead-letter queue ${letters}: what arrives there is lost after some days.`,
          'Add its section [[queues.consumers]]',
        );
      return [];
    });
}

function cronFindings({ triggers: { crons = [] } }: Configuration): Finding[] {
  if (crons.includes(CRON)) return [];
  return [
    {
      code: 'cron_changed',
      level: 'wrong',
      what: `The cron of wrangler.toml is ${crons.length === 0 ? 'missing' : JSON.stringify(crons)}: hourly work needs a run in the first 5 minutes of each hour.`,
      advice: `Set crons = ["${CRON}"] under [triggers], and deploy.`,
    },
  ];
}

function logFindings({ observability }: Configuration): Finding[] {
  if (observability?.enabled !== true || observability.logs?.invocation_logs === false) return [];
  return [
    {
      code: 'logs_record_visitors',
      level: 'wrong',
      what: 'Invocation logs are on: they record the URL of each request, and with it what a visitor did.',
      advice: 'Set invocation_logs = false under [observability.logs], and deploy.',
    },
  ];
}

/** What wrangler.toml has and the running Worker has not, or has otherwise. */
function differences(facts: Facts, configuration: Configuration, diagnostics: Diagnostics): Finding[] {
  const missing = boundIn(configuration).filter((name) => diagnostics.bindings[name] === false);
  const others = Object.entries(diagnostics.settings).filter(
    ([name, value]) => (configuration.vars[name] ?? null) !== value,
  );
  return [
    ...missing.map(
      (name): Finding => ({
        code: 'binding_missing',
        level: 'wrong',
        what: `wrangler.toml binds ${name}, and the Worker at ${facts.url} does not have it.`,
        advice: `Deploy it: ${deployCommand(facts)}`,
      }),
    ),
    ...others.map(
      ([name, value]): Finding => ({
        code: 'setting_differs',
        level: 'note',
        what: `${name} is ${shown(configuration.vars[name])} in wrangler.toml and ${shown(value)} at ${facts.url}.`,
        advice: `If wrangler.toml is right, deploy it: ${deployCommand(facts)}`,
      }),
    ),
  ];
}

function boundIn(configuration: Configuration): string[] {
  return [
    ...configuration.d1_databases.map(({ binding }) => binding),
    ...configuration.analytics_engine_datasets.map(({ binding }) => binding),
    ...configuration.r2_buckets.map(({ binding }) => binding),
    ...(configuration.queues.producers ?? []).map(({ binding }) => binding),
    ...(configuration.ratelimits ?? []).map(({ name }) => name),
  ];
}

const shown = (value: unknown): string =>
  value === undefined || value === null ? 'not set' : JSON.stringify(value);
