/** docs/scale.md, and the costs of docs/deploy.md: what the simulation says of volumes of events, from what was measured for it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../../bench/lib/table.ts';
import { withSection, wrapped } from '../marked-section.ts';
import { PLATFORM_FIGURES, type PlatformFigure } from '../platform-limits.ts';
import { ROOT } from '../wrangler.ts';
import { type CostItem, DAYS_A_MONTH } from './cost.ts';
import { MEASURED_FILE, type Measured } from './measured.ts';
import { amount, bytes, dollars, percent } from './numbers.ts';
import { DEFAULT_SCENARIO } from './options.ts';
import { quantityOf } from './report.ts';
import { type Scenario, type Simulation, simulate, wallsOf } from './simulation.ts';

/** Events a day. */
const VOLUMES = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];
/** Events a month. */
const MONTHS = [1e6, 1e7, 1e8, 1e9];

type Change = Partial<Scenario>;

/** What is simulated at each volume. */
const SHAPES: readonly { readonly title: string; readonly command: string; readonly change: Change }[] = [
  { title: 'One pixel', command: '', change: { pixels: 1 } },
  { title: "A thousand pixels by Zipf's law", command: ' --pixels 1000', change: { pixels: 1000 } },
];
const SETUPS: readonly { readonly title: string; readonly command: string; readonly change: Change }[] = [
  { title: '`EVENT_STORE = "d1"`', command: '', change: {} },
  {
    title: '`EVENT_STORE = "d1"`, `INGEST_MODE = "queue"`',
    command: ' --ingest-mode queue',
    change: { ingestMode: 'queue' },
  },
  {
    title: '`EVENT_STORE = "analytics_engine"`',
    command: ' --event-store analytics_engine',
    change: { eventStore: 'analytics_engine' },
  },
];

const DOCUMENTS = [
  ['scale.md', withScale],
  ['deploy.md', withCosts],
] as const;

/** Writes what was measured, and the documents that show it. */
export function writeMeasured(measured: Measured): void {
  writeFileSync(MEASURED_FILE, `${JSON.stringify(measured, null, 2)}\n`);
  for (const [name, write] of DOCUMENTS) {
    const file = join(ROOT, 'docs', name);
    writeFileSync(file, write(readFileSync(file, 'utf8'), measured));
  }
}

/** docs/deploy.md with its table of costs. */
export function withCosts(document: string, measured: Measured): string {
  return withSection(document, 'costs', costsOf(measured));
}

/** docs/scale.md with its tables. */
export function withScale(document: string, measured: Measured): string {
  const setups = SETUPS.filter(({ change }) => measured.counts.stores[change.eventStore ?? 'd1'] !== null);
  const volumes = SHAPES.map((shape) =>
    [`### ${shape.title}`, ...setups.map((setup) => volumesOf(shape, setup, measured))].join('\n\n'),
  );
  const sections = {
    walls: wallsTable(setups, measured),
    volumes: volumes.join('\n\n'),
    counted: figuresOf(measured),
    platform: platformOf(),
  };
  return Object.entries(sections).reduce(
    (text, [name, section]) => withSection(text, name, section),
    document,
  );
}

/** The volume of one pixel at which each limit is reached, by setup. */
function wallsTable(setups: typeof SETUPS, measured: Measured): string {
  const walls = setups.map(({ change }) => wallsOf({ ...DEFAULT_SCENARIO, ...change, pixels: 1 }, measured));
  const ids = [...new Set(walls.flatMap((list) => list.map(({ use }) => use.id)))];
  const rows = ids.map((id) => {
    const reached = walls.map((list) => list.find(({ use }) => use.id === id));
    const use = reached.find((wall) => wall !== undefined)?.use;
    const volumes = reached.map((wall) => wall?.eventsPerDay);
    return {
      cells: [
        `${use?.what}`,
        use ? quantityOf(use, use.allowed) : '',
        ...volumes.map((events) => (events === undefined ? 'never' : amount(events))),
        use?.basis ?? '',
      ],
      least: Math.min(...volumes.map((events) => events ?? Number.POSITIVE_INFINITY)),
    };
  });
  return table(
    ['limit', 'allowed', ...setups.map(({ title }) => title), 'basis'],
    rows.sort((a, b) => a.least - b.least).map(({ cells }) => cells),
  );
}

function volumesOf(
  shape: (typeof SHAPES)[number],
  setup: (typeof SETUPS)[number],
  measured: Measured,
): string {
  const simulations = VOLUMES.map((eventsPerDay) =>
    simulate({ ...DEFAULT_SCENARIO, ...shape.change, ...setup.change, eventsPerDay }, measured),
  );
  const isQueued = setup.change.ingestMode === 'queue';
  const columns: readonly [string, (simulation: Simulation) => string][] = [
    ['events a day', ({ scenario }) => amount(scenario.eventsPerDay)],
    ['events of a batch', ({ usage }) => amount(usage.databases[0]?.batchSize.mean ?? 0)],
    ['statements a second', ({ usage }) => amount(usage.databases[0]?.statements.mean ?? 0)],
    ['at the peak', ({ usage }) => amount(usage.databases[0]?.statements.peak ?? 0)],
    ["share of D1's time", ({ usage }) => percent(usage.databases[0]?.busy.peak ?? 0)],
    ['rows read a day', ({ usage }) => amount(usage.day.rowsRead)],
    ['rows written a day', ({ usage }) => amount(usage.day.rowsWritten)],
    ...(isQueued
      ? ([
          ['messages a second at the peak', ({ usage }) => amount(usage.databases[0]?.messages.peak ?? 0)],
          ['operations a day', ({ usage }) => amount(usage.day.operations)],
        ] satisfies [string, (simulation: Simulation) => string][])
      : []),
    ['points a day', ({ usage }) => amount(usage.day.points)],
    ['CPU, s a day', ({ usage }) => amount(usage.day.cpu / 1000)],
    ['bytes added a day', ({ usage }) => bytes(usage.bytes.perDay)],
    ['after a year', ({ usage }) => bytes(usage.bytes.afterYear)],
    [
      '$ a month',
      ({ dollars: total, limits: [first] }) =>
        first && first.share >= 1 ? `(${dollars(total)})` : dollars(total),
    ],
  ];
  const cells = simulations.map((simulation) => columns.map(([, cell]) => cell(simulation)));
  const command = `npm run simulate -- --events-per-day N${shape.command}${setup.command}`;
  return [
    `#### ${shape.title}, ${setup.title}`,
    `\`${command}\``,
    table(
      columns.map(([name]) => name),
      cells,
    ),
    table(['events a day', 'the first limit', 'used', 'allowed', 'what lifts it'], simulations.map(limitRow)),
  ].join('\n\n');
}

function limitRow(simulation: Simulation): string[] {
  const [first] = simulation.limits;
  const events = amount(simulation.scenario.eventsPerDay);
  if (first === undefined) return [events, '–', '–', '–', '–'];
  const name = first.share < 1 ? `none; next: ${first.what}` : `**${first.what}**`;
  const lifts =
    first.share < 1
      ? `reached at ${amount(1 / first.share)} times as many`
      : simulation.lifts.length === 0
        ? 'no setting'
        : simulation.lifts.map(({ setting }) => setting).join('; or ');
  return [events, name, quantityOf(first, first.used), quantityOf(first, first.allowed), lifts];
}

/** What a month costs, with the arithmetic. */
function costsOf(measured: Measured): string {
  const stores = (['d1', 'analytics_engine'] as const).filter(
    (store) => measured.counts.stores[store] !== null,
  );
  return stores
    .map((eventStore) => {
      const simulations = MONTHS.map((perMonth) =>
        simulate({ ...DEFAULT_SCENARIO, eventStore, eventsPerDay: perMonth / DAYS_A_MONTH }, measured),
      );
      const items = (simulations[0]?.cost ?? []).map(({ item }) => item);
      const shown = items.filter((item) =>
        simulations.some(({ cost }) => cost.some((one) => one.item === item && one.dollars > 0)),
      );
      const rows = shown.map((item) => {
        const [first] = simulations[0]?.cost.filter((one) => one.item === item) ?? [];
        return [
          first ? priceText(first) : item,
          ...simulations.map(({ cost }) => arithmetic(cost.find((one) => one.item === item))),
        ];
      });
      const ends = simulations.map(({ limits: [first] }) =>
        first && first.share >= 1
          ? `${first.what}: ${quantityOf(first, first.used)} of ${quantityOf(first, first.allowed)}`
          : 'none',
      );
      return [
        `### \`EVENT_STORE = "${eventStore}"\``,
        table(
          ['item', ...MONTHS.map((perMonth) => `${amount(perMonth)} events a month`)],
          [
            ...rows,
            ['**together**', ...simulations.map(({ dollars: total }) => `**${dollars(total)}**`)],
            ['limit that is reached', ...ends],
          ],
        ),
      ].join('\n\n');
    })
    .join('\n\n');
}

function priceText({ item, included, per, price }: CostItem): string {
  const unit = per === 1 ? '' : per === 1e9 ? ' a GB' : ' a million';
  const quantity = item === 'd1 storage' ? bytes : amount;
  return `${item}: $${price}${unit}${included > 0 ? ` beyond ${quantity(included)}` : ''}`;
}

function arithmetic(item: CostItem | undefined): string {
  if (item === undefined) return '–';
  const { used, included, per, price, dollars: paid } = item;
  if (per === 1) return dollars(paid);
  const quantity = per === 1e9 ? bytes : amount;
  if (paid === 0) return `${quantity(used)}: $0`;
  return `(${quantity(used)} − ${quantity(included)}) × $${price} = ${dollars(paid)}`;
}

function figuresOf({ counts, times }: Measured): string {
  const { stores, message, days, purge, idleCron, view } = counts;
  const store = stores.d1;
  const size = (value: number, of: number): string => amount(value / of);
  const dayTable = table(
    [
      'events of a day',
      'statements',
      'rows read an event',
      'rows written an event',
      'bytes of raw events',
      'of columns',
      'of rollups (an event)',
    ],
    days.d1.map((day) => [
      amount(day.events),
      amount(day.rollUp.statements),
      size(day.rollUp.rowsRead, day.events),
      size(day.rollUp.rowsWritten, day.events),
      size(day.rawBytes, day.events),
      size(day.columnBytes, day.events),
      size(day.rollupBytes, day.events),
    ]),
  );
  const pointsTable =
    days.analytics_engine &&
    table(
      [
        'events of a day in Analytics Engine',
        'statements of D1',
        'statements of Analytics Engine',
        'rows read an event',
        'rows written an event',
        'bytes of columns',
        'of rollups (an event)',
      ],
      days.analytics_engine.map((day) => [
        amount(day.events),
        amount(day.rollUp.statements),
        amount(day.pointQueries),
        size(day.rollUp.rowsRead, day.events),
        size(day.rollUp.rowsWritten, day.events),
        size(day.columnBytes, day.events),
        size(day.rollupBytes, day.events),
      ]),
    );
  const lines = [
    `A batch is one statement that reads ${amount(store?.insert?.each.read ?? 0)} rows and writes ${amount(store?.insert?.each.written ?? 0)} for each event. Every ten seconds an isolate also marks a pixel's day (${amount(store?.mark?.each.read ?? 0)} rows read), and every thirty seconds it looks up the pixel (${amount(store?.lookUp.each.read ?? 0)} rows).`,
    `A message of the queue has up to ${amount(message.events)} events, ${amount(message.bytesFixed)} bytes and ${amount(message.bytesEach)} for each event. The consumer writes each message by itself.`,
    `Deleting an event past retention reads ${amount(purge.work.rowsRead / purge.events)} rows and writes ${amount(purge.work.rowsWritten / purge.events)}.`,
    `A day's runs of the cron without work take ${amount(idleCron.fixed.statements)} statements, read ${amount(idleCron.fixed.rowsRead)} rows and ${amount(idleCron.eachPixel.rowsRead)} for each pixel, and write ${amount(idleCron.fixed.rowsWritten)}.`,
    `A dashboard's eight queries read ${amount(view.finished.rowsRead)} rows about a finished day, and ${amount(view.openEach)} for each event of an open one.`,
    `CPU of an event: ${amount(times.eventCpu.d1?.direct ?? 0)} ms, through the queue ${amount(times.eventCpu.d1?.queue ?? 0)} ms; to Analytics Engine ${amount(times.eventCpu.analytics_engine?.direct ?? 0)} ms. CPU of the cron for an event of a large day: ${amount(times.cronCpu.d1)} ms, of Analytics Engine ${amount(times.cronCpu.analytics_engine)} ms. D1's time: ${amount(times.insert.fixed)} ms for a batch and ${amount(times.insert.each)} ms for each event in it; ${amount(times.rollUpEach.d1)} ms for rolling up an event, and ${amount(times.purgeEach)} ms for deleting one. These depend on the machine: ${times.machine}.`,
  ];
  const list = lines.map((line) => wrapped(`- ${line}`, '  ')).join('\n');
  return [dayTable, pointsTable, list].filter((part) => part !== null).join('\n\n');
}

function platformOf(): string {
  return table(
    ['what', 'plan', 'kind', 'value', 'unit', 'source'],
    (PLATFORM_FIGURES as readonly PlatformFigure[]).map(
      ({ name, plan, kind, value, unit, source, assumed }) => [
        name,
        plan,
        assumed === undefined ? kind : `${kind}, assumed`,
        value.toLocaleString('en'),
        unit,
        `[${new URL(source).pathname.split('/').filter(Boolean).slice(0, -1).join(' ')}](${source})`,
      ],
    ),
  );
}
