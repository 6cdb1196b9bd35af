import { readableHost } from '../../model/text/readable.ts';
import type { Pixel, Settings } from '../api.ts';
import { Choice, Field, Form, Input } from '../forms.tsx';
import { type SettingsProps, useFields } from './save.ts';

const LABELS = {
  retention_days: 'Keep raw events, in days',
  keep_days: 'Keep anonymous visits, in days',
  origins: 'Sites that may send events',
  query_params: 'URL parameters to keep (e.g. ?id=)',
  gpc: 'Browsers that ask not to be tracked (GPC)',
  cookie: 'Cookie for visitors who consent',
  identity: 'Who may be identified by a user id',
  min_group: 'Hide groups smaller than (visitors)',
} as const satisfies Partial<Record<keyof Settings, string>>;

type Collected = Pick<Settings, keyof typeof LABELS>;

function collectedOf({ settings }: Pixel): Collected {
  const { retention_days, keep_days, origins, query_params, gpc, cookie, identity, min_group } = settings;
  return {
    retention_days,
    keep_days,
    origins: origins.map(readableHost),
    query_params,
    gpc,
    cookie,
    identity,
    min_group,
  };
}

/** What is collected, and how long it is stored. */
export function Collecting(props: SettingsProps) {
  const { draft, submission, submit } = useFields(
    props,
    'collecting',
    collectedOf,
    (changes) => ({ settings: withoutBlankLines(changes) }),
    LABELS,
  );
  const { value: values, set: change } = draft;
  return (
    <Form kind="block" submission={submission} submit={submit} button="Save">
      <h2>Collecting and privacy</h2>
      <NumberField
        label={LABELS.retention_days}
        hint="Totals are kept forever. People, and funnels within hours, only work while raw events are kept."
        min={1}
        value={values.retention_days}
        set={(retention_days) => change({ retention_days })}
      />
      <NumberField
        label={LABELS.keep_days}
        hint="Filters, “Split by”, hours and funnels within a visit only work while visits are kept. Visits are kept at least as long as raw events."
        min={1}
        value={values.keep_days}
        set={(keep_days) => change({ keep_days })}
      />
      <Lines
        label={LABELS.origins}
        hint="One per line, e.g. *.example.com. Leave empty to allow any site."
        value={values.origins}
        set={(origins) => change({ origins })}
      />
      <Lines
        label={LABELS.query_params}
        hint="One per line, without ? and =. Pages with different values are counted as different pages. All other parameters are removed."
        value={values.query_params}
        set={(query_params) => change({ query_params })}
      />
      <Choice
        label={LABELS.gpc}
        options={[
          ['anonymous', 'Count their page views but not them as visitors'],
          ['drop', 'Do not count them'],
        ]}
        value={values.gpc}
        set={(gpc) => change({ gpc })}
      />
      <Choice
        label={LABELS.cookie}
        hint="Recognizes visitors who consented when they return. Nobody else gets a cookie."
        options={[
          ['off', 'No cookie'],
          ['first_party', 'First-party: on this site only'],
          ['third_party', 'Third-party: across your sites'],
        ]}
        value={values.cookie}
        set={(cookie) => change({ cookie })}
      />
      <Choice
        label={LABELS.identity}
        hint="A page can send the id of a user who is signed in. With signatures, nobody can send another user's id: see Install."
        options={[
          ['open', 'Anyone'],
          ['signed', 'Only users whose id your server has signed'],
        ]}
        value={values.identity}
        set={(identity) => change({ identity })}
      />
      <NumberField
        label={LABELS.min_group}
        hint="Counts are rounded to multiples of this number, and a day is shown once it is over. 0 shows everything."
        min={0}
        value={values.min_group}
        set={(min_group) => change({ min_group })}
      />
    </Form>
  );
}

function withoutBlankLines(changes: Partial<Collected>): Partial<Collected> {
  return Object.fromEntries(
    Object.entries(changes).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((line: string) => line.trim()).filter((line) => line !== '') : value,
    ]),
  );
}

interface FieldOf<T> {
  readonly label: string;
  readonly hint: string;
  readonly value: T;
  readonly set: (value: T) => void;
}

function NumberField({ value, set, ...rest }: FieldOf<number> & { readonly min: number }) {
  return (
    <Input
      {...rest}
      type="number"
      required
      // The value is not a number while the field is empty.
      value={Number.isNaN(value) ? '' : String(value)}
      set={(text) => set(text === '' ? Number.NaN : Number(text))}
    />
  );
}

function Lines({ label, hint, value, set }: FieldOf<readonly string[]>) {
  return (
    <Field label={label} hint={hint}>
      {(props) => (
        <textarea
          {...props}
          rows={Math.max(2, value.length + 1)}
          value={value.join('\n')}
          onInput={(event) => set(event.currentTarget.value.split('\n'))}
        />
      )}
    </Field>
  );
}
