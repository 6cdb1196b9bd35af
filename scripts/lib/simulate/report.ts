/** A simulation as text: tables in Markdown, each figure with where it comes from. */
import { table } from '../../../bench/lib/table.ts';
import { PLATFORM_FIGURES, type PlatformFigure } from '../platform-limits.ts';
import type { LimitUse } from './limits.ts';
import { PIXELS_PER_DATABASE } from './load.ts';
import type { Measured } from './measured.ts';
import { amount, bytes, dollars, percent } from './numbers.ts';
import type { Scenario, Simulation } from './simulation.ts';
import { ASSUMED, INDEXES_PER_PIXEL } from './usage.ts';

export function reportOf(simulation: Simulation, measured: Measured): string {
  return [
    titleOf(simulation),
    quantities(simulation),
    costs(simulation),
    limits(simulation),
    verdictOf(simulation),
    sources(simulation, measured),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function titleOf({ scenario, databases }: Simulation): string {
  const { eventsPerDay, pixels, skewExponent, eventStore, ingestMode, plan } = scenario;
  const skew =
    pixels === 1
      ? ''
      : skewExponent === 0
        ? ' with as many each'
        : ` by Zipf's law, exponent ${skewExponent}`;
  return [
    `${amount(eventsPerDay)} events a day, ${amount(pixels)} ${pixels === 1 ? 'pixel' : 'pixels'}${skew}; ${amount(databases)} ${databases === 1 ? 'database' : 'databases'}.`,
    `EVENT_STORE = "${eventStore}", INGEST_MODE = "${ingestMode}", ${plan} plan.`,
  ].join('\n');
}

function quantities({ usage, databases }: Simulation): string {
  const { day } = usage;
  const [busiest] = usage.databases;
  if (busiest === undefined) return '';
  const all = databases === 1 ? '' : ', all databases';
  const one = databases === 1 ? '' : ', busiest database';
  const rate = (value: number): string => (value === 0 ? '0' : amount(value));
  const rows: [string, string, string, string, string][] = [
    [
      `requests${all}`,
      amount(day.requests),
      rate(day.requests / 86_400),
      '–',
      'assumed: one an event, and the tag',
    ],
    [
      `events of a batch${one}`,
      '–',
      amount(busiest.batchSize.mean),
      amount(busiest.batchSize.peak),
      'computed from the rate',
    ],
    [
      `D1 statements${one}`,
      amount(busiest.day.statements),
      rate(busiest.statements.mean),
      rate(busiest.statements.peak),
      'counted',
    ],
    [`D1 rows read${all}`, amount(day.rowsRead), rate(day.rowsRead / 86_400), '–', 'counted'],
    [`D1 rows written${all}`, amount(day.rowsWritten), rate(day.rowsWritten / 86_400), '–', 'counted'],
    [
      `D1's time, s${one}`,
      amount(busiest.busy.mean * 86_400),
      amount(busiest.busy.mean),
      amount(busiest.busy.peak),
      'measured',
    ],
    [
      `messages of the queue${one}`,
      amount(busiest.day.messages),
      rate(busiest.messages.mean),
      rate(busiest.messages.peak),
      'counted',
    ],
    [`operations of the queue${all}`, amount(day.operations), rate(day.operations / 86_400), '–', 'counted'],
    [`points of Analytics Engine${all}`, amount(day.points), rate(day.points / 86_400), '–', 'counted'],
    [
      `queries of Analytics Engine${all}`,
      amount(day.pointQueries),
      rate(day.pointQueries / 86_400),
      '–',
      'counted',
    ],
    [`CPU of the Worker, s${all}`, amount(day.cpu / 1000), '–', '–', 'measured'],
    [`bytes added to D1${all}`, bytes(usage.bytes.perDay), '–', '–', 'counted'],
    [`bytes in D1 after a year${all}`, bytes(usage.bytes.afterYear), '–', '–', 'counted'],
  ];
  return table(
    ['what', 'a day', 'a second', 'at the peak', 'basis'],
    rows.filter(([, perDay]) => perDay !== '0'),
  );
}

function costs({ cost, dollars: total }: Simulation): string {
  if (cost.length === 0) return 'The free plan costs nothing. Beyond its limits, Cloudflare refuses.';
  const rows = cost
    .filter(({ used }) => used > 0)
    .map(({ item, used, included, per, price, dollars: paid }) => {
      const quantity = item === 'd1 storage' ? bytes : amount;
      return [
        item,
        quantity(used),
        included === 0 ? '–' : quantity(included),
        per === 1 ? `$${price}` : `$${price} per ${per === 1e9 ? 'GB' : 'million'}`,
        dollars(paid),
        sourceOf('price', item),
      ];
    });
  return table(
    ['cost of a month', 'used', 'included', 'price', 'dollars', 'source of the price'],
    [...rows, ['**together**', '', '', '', `**${dollars(total)}**`, '']],
  );
}

function limits(simulation: Simulation): string {
  return table(
    ['limit', 'used', 'allowed', 'share', 'basis of the use', 'source of the limit'],
    simulation.limits.map((use) => [
      use.what,
      quantityOf(use, use.used),
      quantityOf(use, use.allowed),
      percent(use.share),
      use.basis,
      sourceOf('limit', use.limit),
    ]),
  );
}

export function quantityOf({ limit }: Pick<LimitUse, 'limit'>, value: number): string {
  return limit === 'd1 database size' || limit === 'd1 storage' ? bytes(value) : amount(value);
}

/** The first limit, and what lifts it, as sentences. */
export function verdictOf(simulation: Simulation): string {
  const [first] = simulation.limits;
  if (first === undefined) return 'No limit is used.';
  const used = `${first.what}: ${quantityOf(first, first.used)} of ${quantityOf(first, first.allowed)}`;
  if (first.share < 1)
    return `No limit is reached. The first would be ${used}, at ${amount(1 / first.share)} times this volume.`;
  const lines = [`The first limit that is reached: ${used}.`];
  if (simulation.lifts.length === 0)
    lines.push(
      `No setting lifts it. ${hasOnePixel(simulation.scenario) ? 'One pixel is in one database.' : ''}`.trim(),
    );
  for (const { setting, dollars: paid, next } of simulation.lifts) {
    const then =
      next === undefined
        ? ''
        : next.share < 1
          ? ' Then no limit is reached.'
          : ` Then the first limit is ${next.what}: ${quantityOf(next, next.used)} of ${quantityOf(next, next.allowed)}.`;
    lines.push(`- ${setting} lifts it.${then}${paid > 0 ? ` ${dollars(paid)} a month.` : ''}`);
  }
  return lines.join('\n');
}

const hasOnePixel = ({ pixels }: Scenario): boolean => pixels === 1;

function sources({ scenario, databases }: Simulation, { counts, times }: Measured): string {
  const { colos, peakFactor, isolateRate, viewsPerDay, retentionDays, keepDays } = scenario;
  const lines = [
    `**Counted** in the local runtime with seed ${counts.seed}: statements, rows, points, messages and bytes of Speck's own code. They are the same each time.`,
    `**Measured** there: CPU, which is that of the Worker's code without the runtime around it, and D1's time (${times.machine}).`,
    `**Assumed**: ${colos} locations, of which the second gets half as many requests as the first, and so on; ${isolateRate} requests a second for an isolate; a day like a sine, with ${peakFactor} times the mean at its peak; one event a request, and ${ASSUMED.scriptLoads} requests for the tag with each; ${viewsPerDay} openings of each dashboard a day; events stored for ${retentionDays} days and columns for ${keepDays}; visitors spread evenly over the ${INDEXES_PER_PIXEL} indexes of a pixel; no event with a person or an \`eid\`.`,
    ...assumedFigures().map(
      ({ name, value, unit, assumed }) =>
        `**Assumed** of the platform: ${name}, ${amount(value)} ${unit}; ${assumed}.`,
    ),
  ];
  if (databases > 1)
    lines.push(
      `A database has at most ${PIXELS_PER_DATABASE.toLocaleString('en')} pixels, so ${amount(scenario.pixels)} pixels are ${amount(databases)} databases, each with a Worker of its own. The busiest has the busiest pixel.`,
    );
  return lines.map((line) => `- ${line}`).join('\n');
}

function assumedFigures(): PlatformFigure[] {
  return (PLATFORM_FIGURES as readonly PlatformFigure[]).filter(({ assumed }) => assumed !== undefined);
}

export function sourceOf(kind: PlatformFigure['kind'], name: string): string {
  const figure = PLATFORM_FIGURES.find((one) => one.kind === kind && one.name === name);
  return figure?.source ?? '';
}
