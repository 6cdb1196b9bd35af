import { useState } from 'preact/hooks';
import { call, QUERY_PATH, type QueryRequest, type QueryResponse } from './api.ts';

interface Props {
  /** The name of the site, for the name of the file. */
  readonly site: string;
  /** The content of the file. */
  readonly what: string;
  readonly query: QueryRequest;
  /** The rows that are shown, and whether they have a column of changes; otherwise all rows of the query. */
  readonly shown?: { readonly response: QueryResponse; readonly hasChange: boolean };
}

/** Saves rows as a CSV file. If that fails, the button says why. */
export function CsvButton({ site, what, query, shown }: Props) {
  const [failed, fail] = useState('');
  const save = async (): Promise<void> => {
    fail('');
    try {
      const [{ saveCsv }, response] = await Promise.all([
        import('./csv-file.ts'),
        shown?.response ?? call<QueryResponse>('POST', QUERY_PATH, query),
      ]);
      saveCsv(site, what, query, response, shown?.hasChange ?? false);
    } catch (error) {
      fail((error as Error).message);
    }
  };
  return (
    <button type="button" class="quiet" onClick={save}>
      {failed || 'Save as CSV'}
      <span class="hidden">: {what}</span>
    </button>
  );
}
