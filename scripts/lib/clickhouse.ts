/** ClickHouse inside a Node process, for tests of what Speck asks Analytics Engine. */
import type { OwnPackage } from './own-packages.ts';

export const CHDB: OwnPackage = {
  name: 'chdb',
  version: '3.4.0',
  about: 'ClickHouse 26.7 as a library, 540 MB, Apache-2.0.',
};

/** The part of its interface that tests use. */
export interface Chdb {
  readonly Session: new () => Session;
}

/** A database of its own, in a temporary folder until it is closed. A process can have one at a time. */
export interface Session {
  query(sql: string, format?: string): string;
  queryAsync(sql: string, options?: { readonly format?: string }): Promise<{ text(): string }>;
  insert(rows: {
    readonly table: string;
    readonly values: Buffer;
    readonly format: 'JSONCompactEachRow';
  }): Promise<unknown>;
  close(): void;
}
