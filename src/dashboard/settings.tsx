/** All that an owner may set of a pixel; whatever the API's settings hold has its place here. */
import { useState } from 'preact/hooks';
import { call, type Funnel, type Goal, type Pixel, type Settings } from './api.ts';
import { count, dayName, words } from './format.ts';
import { go } from './hooks.ts';
import { SharedLinks } from './links.tsx';
import { Empty, Field, Heading, Sure, Text, Trouble, useSending } from './ui.tsx';
import { ZoneField } from './zone-field.tsx';

interface Props {
  readonly pixel: Pixel;
  readonly changed: () => void;
}

interface Change extends Pixel {
  readonly timezone_change?: {
    readonly recomputed_from: string | null;
    readonly kept_until: string | null;
    readonly uncounted_events: number;
  };
}

export default function PixelSettings(props: Props) {
  return (
    <div class="settings">
      <Heading>Settings</Heading>
      <General {...props} />
      <Collecting {...props} />
      <Goals {...props} />
      <Funnels {...props} />
      <SharedLinks pixel={props.pixel} />
      <Deletion {...props} />
    </div>
  );
}

/** Saves a change, and says so. */
function useSaving(pixel: Pixel, changed: () => void) {
  const [saved, setSaved] = useState<Change | null>(null);
  const { busy, failure, send } = useSending();
  const save = (change: object): Promise<boolean> => {
    setSaved(null);
    return send(async () => {
      setSaved(await call<Change>('PATCH', `/api/v1/pixels/${pixel.id}`, change));
      changed();
    });
  };
  const outcome = (
    <>
      {failure && <Trouble failure={failure} />}
      <span role="status" class="saved">
        {saved && 'Saved.'}
        {saved?.timezone_change && rezoned(saved.timezone_change)}
      </span>
    </>
  );
  return { busy, save, outcome };
}

function rezoned({ kept_until, uncounted_events }: NonNullable<Change['timezone_change']>): string {
  const kept =
    kept_until === null ? ' All days are cut anew.' : ` Days up to ${dayName(kept_until)} stay as they were.`;
  return (
    kept + (uncounted_events > 0 ? ` ${count(uncounted_events)} events between them count in no day.` : '')
  );
}

function General({ pixel, changed }: Props) {
  const [name, setName] = useState(pixel.name);
  const [url, setUrl] = useState(pixel.url);
  const [timezone, setZone] = useState(pixel.timezone);
  const { busy, save, outcome } = useSaving(pixel, changed);
  return (
    <form
      class="block"
      onSubmit={(event) => {
        event.preventDefault();
        void save({ name, url, ...(timezone === pixel.timezone ? {} : { timezone }) });
      }}
    >
      <h2>The pixel</h2>
      <p class="muted">
        <code>{pixel.id}</code>
      </p>
      <Field label="Name">
        {(props) => (
          <input
            {...props}
            required
            maxLength={120}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label="URL">
        {(props) => (
          <input
            {...props}
            type="url"
            required
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        )}
      </Field>
      <ZoneField value={timezone} set={setZone} />
      {timezone !== pixel.timezone && (
        <p class="muted">Days that still have raw events are cut anew by the new midnights.</p>
      )}
      <footer class="row">
        <button type="submit" disabled={busy}>
          Save
        </button>
        {outcome}
      </footer>
    </form>
  );
}

/** What is known of settings: how they are called, and what they mean. Others show by their names. */
const KNOWN: Readonly<
  Record<
    string,
    { readonly label: string; readonly hint?: string; readonly choices?: Readonly<Record<string, string>> }
  >
> = {
  retention_days: {
    label: 'Keep raw events, in days',
    hint: 'Statistics stay. Filters reach as far as raw events do.',
  },
  origins: { label: 'Hosts that may send events', hint: 'One a line, such as *.example.com. None: all may.' },
  query_params: {
    label: "Query parameters that belong to a page's name",
    hint: 'One a line. All others are dropped.',
  },
  gpc: {
    label: 'Who asks not to be tracked (GPC)',
    choices: { anonymous: 'counts without a visitor', drop: 'is not counted' },
  },
  cookie: {
    label: 'Cookie for those who consent',
    choices: { off: 'None', first_party: 'First-party', third_party: 'Third-party' },
  },
  min_group: { label: 'Smallest group that is shown', hint: 'Rows of fewer visitors are not told apart.' },
};
/** These have forms of their own. */
const APART = ['goals', 'funnels'];

type Value = string | number | boolean | readonly string[];

function isEditable(value: unknown): value is Value {
  return Array.isArray(value)
    ? value.every((one) => typeof one === 'string')
    : ['string', 'number', 'boolean'].includes(typeof value);
}

function Collecting({ pixel, changed }: Props) {
  const given = Object.entries(pixel.settings).filter(
    (entry): entry is [string, Value] => !APART.includes(entry[0]) && isEditable(entry[1]),
  );
  const [values, set] = useState<Readonly<Record<string, Value>>>(Object.fromEntries(given));
  const { busy, save, outcome } = useSaving(pixel, changed);
  const changes = Object.fromEntries(
    Object.entries(values)
      .map(([name, value]): [string, Value] => [
        name,
        Array.isArray(value) ? value.map((one: string) => one.trim()).filter((one) => one !== '') : value,
      ])
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(pixel.settings[name])),
  );
  return (
    <form
      class="block"
      onSubmit={(event) => {
        event.preventDefault();
        void save({ settings: changes });
      }}
    >
      <h2>Collecting and privacy</h2>
      {given.map(([name]) => (
        <SettingField
          key={name}
          name={name}
          value={values[name] ?? ''}
          set={(value) => set({ ...values, [name]: value })}
        />
      ))}
      <footer class="row">
        <button type="submit" disabled={busy}>
          Save
        </button>
        {outcome}
      </footer>
    </form>
  );
}

interface SettingProps {
  readonly name: string;
  readonly value: Value;
  readonly set: (value: Value) => void;
}

function SettingField({ name, value, set }: SettingProps) {
  const { label = words(name), hint, choices } = KNOWN[name] ?? { label: words(name) };
  return (
    <Field label={label} {...(hint ? { hint } : {})}>
      {(props) =>
        choices ? (
          <select {...props} value={String(value)} onChange={(event) => set(event.currentTarget.value)}>
            {Object.entries(choices).map(([choice, text]) => (
              <option key={choice} value={choice}>
                {text}
              </option>
            ))}
            {!(String(value) in choices) && <option value={String(value)}>{String(value)}</option>}
          </select>
        ) : Array.isArray(value) ? (
          <textarea
            {...props}
            rows={Math.max(2, value.length + 1)}
            value={value.join('\n')}
            onInput={(event) => set(event.currentTarget.value.split('\n'))}
          />
        ) : typeof value === 'number' ? (
          <input
            {...props}
            type="number"
            required
            value={value}
            onInput={(event) => set(event.currentTarget.valueAsNumber)}
          />
        ) : typeof value === 'boolean' ? (
          <input
            {...props}
            type="checkbox"
            checked={value}
            onChange={(event) => set(event.currentTarget.checked)}
          />
        ) : (
          <input {...props} value={String(value)} onInput={(event) => set(event.currentTarget.value)} />
        )
      }
    </Field>
  );
}

const KINDS = { event: 'an event', page: 'a page', property: 'a property' } as const;
type Kind = keyof typeof KINDS;

function goalText({ event, page, property, value }: Goal): string {
  if (event !== undefined) return `the event ${event}`;
  return page === undefined ? `${property} is ${value}` : `a view of ${page}`;
}

function Goals({ pixel, changed }: Props) {
  const { goals } = pixel.settings;
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('event');
  const [what, setWhat] = useState('');
  const [value, setValue] = useState('');
  const { busy, save, outcome } = useSaving(pixel, changed);
  const put = (next: readonly Goal[]): Promise<boolean> =>
    save({ settings: { goals: next } satisfies Partial<Settings> });
  return (
    <form
      class="block"
      onSubmit={(event) => {
        event.preventDefault();
        const goal: Goal = { name, [kind]: what, ...(kind === 'property' ? { value } : {}) };
        void put([...goals, goal]).then((done) => {
          if (!done) return;
          setName('');
          setWhat('');
          setValue('');
        });
      }}
    >
      <h2>Goals</h2>
      {goals.length === 0 ? (
        <Empty title="No goal yet">What do you want people to do?</Empty>
      ) : (
        <ul class="things">
          {goals.map((goal) => (
            <li key={goal.name}>
              <span class="grow">
                <b>
                  <Text>{goal.name}</Text>
                </b>
                <Text class="muted">{goalText(goal)}</Text>
              </span>
              <Sure
                label="Remove"
                sure="Remove the goal"
                act={() => void put(goals.filter((one) => one !== goal))}
              />
            </li>
          ))}
        </ul>
      )}
      <div class="row fill">
        <Field label="Name of the goal">
          {(props) => (
            <input {...props} required value={name} onInput={(event) => setName(event.currentTarget.value)} />
          )}
        </Field>
        <Field label="Reached by">
          {(props) => (
            <select {...props} value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
              {Object.entries(KINDS).map(([one, label]) => (
                <option key={one} value={one}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={kind === 'event' ? 'Event' : kind === 'page' ? 'Page' : 'Property'}>
          {(props) => (
            <input
              {...props}
              required
              value={what}
              placeholder={kind === 'page' ? '/blog/*' : ''}
              onInput={(event) => setWhat(event.currentTarget.value)}
            />
          )}
        </Field>
        {kind === 'property' && (
          <Field label="Its value">
            {(props) => (
              <input
                {...props}
                required
                value={value}
                onInput={(event) => setValue(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
      </div>
      <footer class="row">
        <button type="submit" disabled={busy}>
          Add the goal
        </button>
        {outcome}
      </footer>
    </form>
  );
}

function Funnels({ pixel, changed }: Props) {
  const { goals, funnels } = pixel.settings;
  const [name, setName] = useState('');
  const [steps, setSteps] = useState<readonly string[]>([]);
  const [hours, setHours] = useState('');
  const { busy, save, outcome } = useSaving(pixel, changed);
  const put = (next: readonly Funnel[]): Promise<boolean> => save({ settings: { funnels: next } });
  return (
    <form
      class="block"
      onSubmit={(event) => {
        event.preventDefault();
        const within = hours === '' ? ('visit' as const) : { hours: Number(hours) };
        void put([...funnels, { name, steps, within }]).then((done) => {
          if (!done) return;
          setName('');
          setSteps([]);
        });
      }}
    >
      <h2>Funnels</h2>
      {funnels.length === 0 ? (
        <Empty title="No funnel yet">
          {goals.length < 2 ? 'It takes two goals to make one.' : 'Two to eight goals in a row.'}
        </Empty>
      ) : (
        <ul class="things">
          {funnels.map((funnel) => (
            <li key={funnel.name}>
              <span class="grow">
                <b>
                  <Text>{funnel.name}</Text>
                </b>
                <Text class="muted">
                  {`${funnel.steps.join(' → ')}, within ${funnel.within === 'visit' ? 'a visit' : `${funnel.within.hours} hours`}`}
                </Text>
              </span>
              <Sure
                label="Remove"
                sure="Remove the funnel"
                act={() => void put(funnels.filter((one) => one !== funnel))}
              />
            </li>
          ))}
        </ul>
      )}
      {goals.length >= 2 && (
        <>
          <div class="row fill">
            <Field label="Name of the funnel">
              {(props) => (
                <input
                  {...props}
                  required
                  value={name}
                  onInput={(event) => setName(event.currentTarget.value)}
                />
              )}
            </Field>
            <Field label="Next step">
              {(props) => (
                <select
                  {...props}
                  value=""
                  onChange={(event) => {
                    const { value } = event.currentTarget;
                    if (value !== '') setSteps([...steps, value]);
                  }}
                >
                  <option value="">Choose a goal</option>
                  {goals.map((goal) => (
                    <option key={goal.name} value={goal.name}>
                      {goal.name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label="Within hours" hint="Empty: within a visit">
              {(props) => (
                <input
                  {...props}
                  type="number"
                  min={1}
                  value={hours}
                  onInput={(event) => setHours(event.currentTarget.value)}
                />
              )}
            </Field>
          </div>
          {steps.length > 0 && (
            <p>
              <Text>{steps.join(' → ')}</Text>{' '}
              <button type="button" class="quiet" onClick={() => setSteps(steps.slice(0, -1))}>
                Take the last one off
              </button>
            </p>
          )}
          <footer class="row">
            <button type="submit" disabled={busy || steps.length < 2}>
              Add the funnel
            </button>
            {outcome}
          </footer>
        </>
      )}
    </form>
  );
}

function Deletion({ pixel, changed }: Props) {
  const [typed, type] = useState('');
  const { busy, failure, send } = useSending();
  return (
    <form
      class="block"
      onSubmit={(event) => {
        event.preventDefault();
        void send(async () => {
          await call('DELETE', `/api/v1/pixels/${pixel.id}`);
          changed();
          go('/app/');
        });
      }}
    >
      <h2>Delete the pixel</h2>
      <p>
        With all its events, statistics, tokens and shared links. It cannot be undone; an export made before
        can be imported again.
      </p>
      <Field label={`Type its name to confirm: ${pixel.name}`}>
        {(props) => (
          <input
            {...props}
            autocomplete="off"
            value={typed}
            onInput={(event) => type(event.currentTarget.value)}
          />
        )}
      </Field>
      {failure && <Trouble failure={failure} />}
      <button type="submit" class="danger" disabled={busy || typed.trim() !== pixel.name.trim()}>
        Delete for good
      </button>
    </form>
  );
}
