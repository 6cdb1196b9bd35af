/** A file that was chosen: what is in it, and how far it has been sent. */
import { useState } from 'preact/hooks';
import type { Summary } from '../../imports/summary.ts';
import type { Pixel } from '../api.ts';
import { count } from '../format.ts';
import { Choice, Input } from '../forms.tsx';
import { ErrorMessage, Text } from '../ui.tsx';
import { Facts } from './facts.tsx';
import {
  countOf,
  daysBetween,
  type Fact,
  factsOf,
  IMPORTERS,
  importerName,
  leftOutFacts,
} from './imports.ts';
import { type FileState, type Range, type SendState, useImport } from './use-import.ts';

interface Props {
  readonly pixel: Pixel;
  readonly file: File;
  readonly from: string;
  readonly onChange: () => void;
  readonly remove: () => void;
}

const PARTS = [
  ['', 'What happened before Speck began to count'],
  ['all', 'Everything in the file'],
  ['days', 'From one day to another'],
] as const;

export function FileCard({ pixel, file, from, onChange, remove }: Props) {
  const { state, readAs, send, pause } = useImport(pixel, file, from, onChange);
  const [part, setPart] = useState('');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const range: Range =
    part === 'all'
      ? { until: null }
      : part === 'days'
        ? { ...(since === '' ? {} : { since }), until: until === '' ? null : until }
        : {};
  const isBackwards = since !== '' && until !== '' && since > until;
  const isBusy = state.phase === 'sending';
  return (
    <section class="block file" aria-label={file.name} data-phase={state.phase}>
      <header class="row">
        <h2 class="grow">
          <Text>{file.name}</Text>
        </h2>
        {!isBusy && (
          <button type="button" class="quiet" onClick={remove}>
            {state.phase === 'done' ? 'Close' : 'Remove'} <span class="hidden">{file.name}</span>
          </button>
        )}
      </header>
      {state.phase === 'reading' && (
        <p role="status" class="muted">
          Reading… {state.items > 0 && countOf(state.items, 'line')}
        </p>
      )}
      {state.phase === 'unknown' && <Unknown state={state} readAs={readAs} />}
      {state.phase === 'failed' && (
        <>
          <ErrorMessage failure={state.failure} />
          <ToolChoice label="Read it as a file of" readAs={readAs} />
        </>
      )}
      {state.phase === 'ready' && (
        <>
          <Contents pixel={pixel} tool={state.importer.name} summary={state.summary} />
          <Losses losses={state.importer.losses} />
          {state.summary.events + state.summary.totals > 0 ? (
            <>
              <Choice label="What to import" value={part} set={setPart} options={PARTS} />
              {part === 'days' && (
                <div class="row fill">
                  <Input label="First day" type="date" value={since} set={setSince} />
                  <Input label="Last day" type="date" value={until} set={setUntil} />
                </div>
              )}
              <footer class="row">
                <button type="button" disabled={isBackwards} onClick={() => send(range)}>
                  Import
                </button>
                {isBackwards && <span class="worse">The first day comes after the last.</span>}
              </footer>
            </>
          ) : (
            <ToolChoice label="Nothing in it can be imported. Read it as a file of" readAs={readAs} />
          )}
        </>
      )}
      {'remote' in state && <Sending state={state} pixel={pixel} pause={pause} resume={() => send(range)} />}
    </section>
  );
}

function Unknown({
  state: { candidates },
  readAs,
}: {
  readonly state: FileState & { readonly phase: 'unknown' };
  readonly readAs: (tool: string) => void;
}) {
  return (
    <>
      <p>
        {candidates.length > 1
          ? `This may be a file of ${candidates.map(importerName).join(', or of ')}.`
          : 'It does not look like an export that Speck knows, or like an access log.'}
      </p>
      <ToolChoice label="Read it as a file of" readAs={readAs} />
    </>
  );
}

function ToolChoice({ label, readAs }: { readonly label: string; readonly readAs: (tool: string) => void }) {
  return <Choice label={label} value="" set={readAs} options={[['', 'Choose the tool'], ...IMPORTERS]} />;
}

interface ContentsProps {
  readonly pixel: Pixel;
  readonly tool: string;
  readonly summary: Summary;
}

/** What is in a file. */
function Contents({ pixel, tool, summary }: ContentsProps) {
  const { events, totals, first_ts, last_ts, first_day, last_day } = summary;
  const facts: Fact[] = [
    ...(first_ts !== null && last_ts !== null
      ? [{ number: events, what: `events, ${daysBetween(pixel.timezone, first_ts, last_ts)}` }]
      : []),
    ...(totals > 0 ? [{ number: totals, what: `rows of daily totals, ${first_day} – ${last_day}` }] : []),
    ...leftOutFacts(summary.left_out),
    ...(summary.unreadable > 0
      ? [{ number: summary.unreadable, what: 'lines that cannot be read', isBad: true }]
      : []),
  ];
  return (
    <>
      <p>
        <b>{importerName(tool)}</b>
      </p>
      <Facts facts={facts} />
      <Lines lines={summary.problems.map(({ line, why }) => `Line ${line} ${why}.`)} />
    </>
  );
}

function Losses({ losses }: { readonly losses: readonly string[] }) {
  return (
    losses.length > 0 && (
      <details class="losses">
        <summary>What is not carried over</summary>
        <ul>
          {losses.map((loss) => (
            <li key={loss}>{loss}</li>
          ))}
        </ul>
      </details>
    )
  );
}

/** The first lines with a problem. */
function Lines({ lines }: { readonly lines: readonly string[] }) {
  return (
    lines.length > 0 && (
      <ul class="muted lines">
        {lines.slice(0, 3).map((line) => (
          <li key={line} class="anywhere">
            {line}
          </li>
        ))}
      </ul>
    )
  );
}

const STATUS = { sending: 'Importing', paused: 'Paused', stopped: 'Stopped', done: 'Imported' } as const;

interface SendingProps {
  readonly state: SendState;
  readonly pixel: Pixel;
  readonly pause: () => void;
  readonly resume: () => void;
}

function Sending({ state, pixel, pause, resume }: SendingProps) {
  const { phase, remote, summary, rejected, failure } = state;
  const position = remote?.position ?? 0;
  const percent = summary.items === 0 ? 100 : Math.floor((100 * position) / summary.items);
  const hasEnd = phase === 'done' && (remote?.left_out['after_until'] ?? 0) > 0 && remote?.until;
  return (
    <>
      <p role="status">
        {STATUS[phase]}: {count(position)} of {countOf(summary.items, 'line')}, {percent}%
      </p>
      <progress max={Math.max(1, summary.items)} value={position} aria-label="Sent" />
      {failure && <ErrorMessage failure={failure} />}
      {remote && <Facts facts={factsOf(remote)} />}
      <Lines lines={rejected.map(({ line, detail }) => `Line ${line}: ${detail}`)} />
      {hasEnd && (
        <p class="muted">
          Speck itself has counted since {daysBetween(pixel.timezone, Date.parse(hasEnd), Date.parse(hasEnd))}
          . Later events of the file were left out, as they would count twice.
        </p>
      )}
      <footer class="row">
        {phase === 'sending' && (
          <button type="button" class="quiet" onClick={pause}>
            Pause
          </button>
        )}
        {(phase === 'paused' || phase === 'stopped') && (
          <button type="button" onClick={resume}>
            Continue
          </button>
        )}
        {phase === 'done' && <span class="saved">Its days are rolled up within minutes.</span>}
      </footer>
    </>
  );
}
