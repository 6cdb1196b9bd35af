/** Reads a file and sends it, without keeping the page from anything else. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { fingerprintOf, openFile } from '../../imports/file.ts';
import type { Importer, ImportFile } from '../../imports/importer.ts';
import { importerOf, recognizeFile } from '../../imports/recognize.ts';
import { OutOfStep, type RejectedItem, sendFile } from '../../imports/send.ts';
import { Counter, type Summary } from '../../imports/summary.ts';
import { type ImportJson, MAX_FILE_NAME } from '../../model/import.ts';
import { call, Failure, failureOf, type Pixel } from '../api.ts';

/** The days to import. `until: null`: to the end. */
export interface Range {
  readonly since?: string;
  readonly until?: string | null;
}

export type FileState =
  | { readonly phase: 'reading'; readonly items: number }
  /** No importer is certain. */
  | { readonly phase: 'unknown'; readonly candidates: readonly string[] }
  | { readonly phase: 'ready'; readonly importer: Importer; readonly summary: Summary }
  | SendState
  | { readonly phase: 'failed'; readonly failure: Failure };

export interface SendState {
  readonly phase: 'sending' | 'paused' | 'stopped' | 'done';
  readonly importer: Importer;
  readonly summary: Summary;
  readonly remote: ImportJson | null;
  /** Some items that were rejected, with their lines. */
  readonly rejected: readonly { readonly line: number; readonly detail: string }[];
  /** Why it stopped. */
  readonly failure: Failure | null;
}

export interface FileImport {
  readonly state: FileState;
  /** Reads the file as one of a tool. */
  readonly readAs: (tool: string) => void;
  readonly send: (range: Range) => void;
  readonly pause: () => void;
}

/** The files that are being sent, with the ids of their imports once they are known. */
const sending = new Map<object, string>();
export const isAnySending = (): boolean => sending.size > 0;
export const isSending = (id: string): boolean => [...sending.values()].includes(id);

/** Items of a batch: few enough for a request within the CPU time of the free plan. */
const BATCH = 250;
const LISTED = 5;
/** Milliseconds that reading may take at once, and between two changes of what is shown. */
const SLICE = 12;
const SHOWN = 150;
/** Milliseconds between two requests for the list of imports while a file is being sent. */
const LISTED_AGAIN = 3000;

/** Lets the browser do other things every few milliseconds. */
function breather(): () => Promise<void> | undefined {
  let last = performance.now();
  return () =>
    performance.now() - last < SLICE
      ? undefined
      : new Promise((resolve) => {
          setTimeout(() => {
            last = performance.now();
            resolve();
          }, 0);
        });
}

function every(milliseconds: number): () => boolean {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return false;
    next = now + milliseconds;
    return true;
  };
}

/** @param onChange called after each batch, and at the end. */
export function useImport(pixel: Pixel, file: File, from: string, onChange: () => void): FileImport {
  const [state, set] = useState<FileState>({ phase: 'reading', items: 0 });
  /** Increases with everything that ends what runs. */
  const run = useRef(0);
  const packed: ImportFile = { name: file.name, blob: file };
  const options = { origin: URL.parse(pixel.url)?.origin ?? pixel.url, timezone: pixel.timezone };

  const readAs = async (tool: string): Promise<void> => {
    const mine = ++run.current;
    const isMine = (): boolean => mine === run.current;
    set({ phase: 'reading', items: 0 });
    try {
      const opened = await openFile(packed);
      const recognized = tool === '' ? await recognizeFile(opened) : null;
      const importer = recognized ? recognized.importer : await importerOf(tool);
      if (!isMine()) return;
      if (!importer) {
        set({ phase: 'unknown', candidates: recognized?.candidates ?? [] });
        return;
      }
      const counter = new Counter();
      const [breathe, isDue] = [breather(), every(SHOWN)];
      for await (const item of importer.read(opened, options)) {
        counter.add(item);
        await breathe();
        if (!isMine()) return;
        if (isDue()) set({ phase: 'reading', items: counter.items });
      }
      set({ phase: 'ready', importer, summary: counter.summary });
    } catch (error) {
      if (isMine()) set({ phase: 'failed', failure: readFailure(error) });
    }
  };

  const send = async (range: Range): Promise<void> => {
    if (!('summary' in state)) return;
    const { importer, summary } = state;
    const mine = ++run.current;
    const isMine = (): boolean => mine === run.current;
    let shown: SendState = {
      ...{ phase: 'sending', importer, summary, failure: null },
      remote: 'remote' in state ? state.remote : null,
      rejected: 'rejected' in state ? state.rejected : [],
    };
    const show = (change: Partial<SendState>): void => {
      shown = { ...shown, ...change };
      // After a pause only what the last batch has changed.
      if (isMine() || change.phase === 'paused') set(shown);
    };
    show({});
    const self = {};
    sending.set(self, '');
    const isListDue = every(LISTED_AGAIN);
    try {
      const opened = await openFile(packed);
      const fingerprint = await fingerprintOf(packed, options, range);
      const begun = { source: importer.name, file: file.name.slice(0, MAX_FILE_NAME), fingerprint, ...range };
      const path = `/api/v1/pixels/${pixel.id}/imports`;
      const remote = await sendFile<ImportJson>({
        read: () => importer.read(opened, options),
        requests: {
          begin: () => retried(() => call<ImportJson>('POST', path, begun), isMine),
          send: (id, body) => retried(() => sendBatch(`${path}/${id}`, body), isMine),
        },
        origin: options.origin,
        most: BATCH,
        isStopped: () => !isMine(),
        onItem: breather(),
        onProgress: (next) => {
          sending.set(self, next.id);
          show({ remote: next });
          if (isListDue()) onChange();
        },
        onRejected: (line, { detail }) => {
          if (shown.rejected.length < LISTED) show({ rejected: [...shown.rejected, { line, detail }] });
        },
      });
      show({ remote, phase: remote.state === 'open' ? 'paused' : 'done' });
    } catch (error) {
      show({ phase: isMine() ? 'stopped' : 'paused', failure: isMine() ? failureOf(error) : null });
    } finally {
      sending.delete(self);
      onChange();
    }
  };

  useEffect(() => {
    void readAs(from);
    return () => {
      run.current++;
    };
  }, []);
  return {
    state,
    readAs: (tool) => void readAs(tool),
    send: (range) => void send(range),
    pause: () => {
      run.current++;
    },
  };
}

function sendBatch(
  path: string,
  body: string,
): Promise<{ readonly import: ImportJson; readonly rejected: readonly RejectedItem[] }> {
  return call<{ import: ImportJson; rejected: RejectedItem[] }>('POST', path, body).catch((error) => {
    if (error instanceof Failure && error.status === 409) throw new OutOfStep();
    throw error;
  });
}

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/** Repeats a request while Speck cannot be reached, or has too much to do. */
async function retried<T>(request: () => Promise<T>, isWanted: () => boolean): Promise<T> {
  for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 2)) {
    try {
      return await request();
    } catch (error) {
      const mayPass =
        error instanceof Failure && (error.isTemporary || error.status === 429 || error.status === 500);
      if (!mayPass || !isWanted()) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** What keeps a file from being read. */
function readFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new Failure(0, { detail: `This file cannot be read: ${why}` });
}
