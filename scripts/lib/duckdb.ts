/** DuckDB inside a Node process, for tests of the archive. */
import type { OwnPackage } from './own-packages.ts';

export const DUCKDB: OwnPackage = {
  name: '@duckdb/node-api',
  version: '1.5.6-r.1',
  about: 'DuckDB as a library, 70 MB, MIT.',
};

/** The part of its interface that tests use. */
export interface DuckDb {
  readonly DuckDBInstance: {
    create(path: string): Promise<{ connect(): Promise<DuckDbConnection> }>;
  };
}

export interface DuckDbConnection {
  runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): Record<string, unknown>[] }>;
  closeSync(): void;
}
