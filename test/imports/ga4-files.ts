/** Writes events of Google Analytics 4 as BigQuery exports them: as newline-delimited JSON, and as Parquet. */
import { gzipSync } from 'fflate';
import type { CompressionCodec } from 'hyparquet';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';

type SchemaElement = NonNullable<Parameters<typeof parquetWrite>[0]['schema']>[number];

export interface Parameter {
  readonly key: string;
  readonly value: { string_value?: string; int_value?: number; double_value?: number; float_value?: number };
}

export interface Row {
  event_date?: string;
  event_timestamp: number;
  event_name: string;
  event_params?: readonly Parameter[];
  event_bundle_sequence_id?: number;
  batch_event_index?: number;
  user_pseudo_id?: string;
  device?: {
    category?: string;
    operating_system?: string;
    operating_system_version?: string;
    language?: string;
    web_info?: { browser?: string; browser_version?: string };
  };
  geo?: { country?: string; region?: string; city?: string };
  collected_traffic_source?: {
    manual_source?: string;
    manual_medium?: string;
    manual_campaign_name?: string;
  };
  ecommerce?: { transaction_id?: string; purchase_revenue?: number };
  items?: readonly { item_id?: string; item_name?: string; price?: number; quantity?: number }[];
}

/** Fields that are INT64 in BigQuery, which its JSON has as texts. */
const WHOLE = new Set([
  'event_timestamp',
  'int_value',
  'event_bundle_sequence_id',
  'batch_event_index',
  'quantity',
]);

export function jsonFile(rows: readonly Row[]): string {
  const line = (row: Row) => JSON.stringify(row, (name, value) => (WHOLE.has(name) ? String(value) : value));
  return rows.map((row) => `${line(row)}\n`).join('');
}

const text = (name: string): SchemaElement[] => [
  { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
];
const whole = (name: string): SchemaElement[] => [{ name, type: 'INT64', repetition_type: 'OPTIONAL' }];
const double = (name: string): SchemaElement[] => [{ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }];

function record(name: string, ...fields: SchemaElement[][]): SchemaElement[] {
  return [{ name, num_children: fields.length, repetition_type: 'OPTIONAL' }, ...fields.flat()];
}

/** A repeated record: a list of three levels. */
function list(name: string, ...fields: SchemaElement[][]): SchemaElement[] {
  return [
    { name, num_children: 1, repetition_type: 'OPTIONAL', converted_type: 'LIST' },
    { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
    ...record('element', ...fields),
  ];
}

const COLUMNS: Readonly<Record<keyof Row, SchemaElement[]>> = {
  event_date: text('event_date'),
  event_timestamp: whole('event_timestamp'),
  event_name: text('event_name'),
  event_params: list(
    'event_params',
    text('key'),
    record('value', text('string_value'), whole('int_value'), double('float_value'), double('double_value')),
  ),
  event_bundle_sequence_id: whole('event_bundle_sequence_id'),
  batch_event_index: whole('batch_event_index'),
  user_pseudo_id: text('user_pseudo_id'),
  device: record(
    'device',
    text('category'),
    text('operating_system'),
    text('operating_system_version'),
    text('language'),
    record('web_info', text('browser'), text('browser_version')),
  ),
  geo: record('geo', text('country'), text('region'), text('city')),
  collected_traffic_source: record(
    'collected_traffic_source',
    text('manual_source'),
    text('manual_medium'),
    text('manual_campaign_name'),
  ),
  ecommerce: record('ecommerce', text('transaction_id'), double('purchase_revenue')),
  items: list('items', text('item_id'), text('item_name'), double('price'), whole('quantity')),
};

/** Whole numbers as the writer of Parquet takes them, at any depth. */
function withBigInts(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withBigInts('', one));
  if (typeof value === 'number' && WHOLE.has(name)) return BigInt(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withBigInts(key, one)]));
}

export function parquetFile(
  rows: readonly Row[],
  codec: CompressionCodec = 'SNAPPY',
  rowGroupSize = 700,
): Uint8Array {
  const names = Object.keys(COLUMNS) as (keyof Row)[];
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    codec,
    compressors: { GZIP: (bytes) => gzipSync(bytes), ZSTD: (bytes) => bytes },
    rowGroupSize,
    schema: [{ name: 'root', num_children: names.length }, ...Object.values(COLUMNS).flat()],
    columnData: names.map((name) => ({ name, data: rows.map((row) => withBigInts(name, row[name])) })),
  });
  return new Uint8Array(writer.getBuffer());
}
