import { readablePage } from '../../model/text/readable.ts';
import type { Goal, Pixel } from '../api.ts';
import { Choice, Form, Input, useSubmission } from '../forms.tsx';
import { Empty } from '../ui.tsx';
import { EditedList, type FormProps } from './edited-list.tsx';
import type { Change, SettingsProps } from './save.ts';

/** The ways to reach a goal. */
const KINDS = {
  event: { name: 'an event', label: 'Event', example: 'Signup' },
  page: { name: 'a page', label: 'Page', example: '/blog/*' },
  property: { name: 'a property', label: 'Property', example: 'plan' },
} as const;
type Kind = keyof typeof KINDS;

interface GoalFields {
  readonly name: string;
  readonly kind: Kind;
  readonly what: string;
  readonly value: string;
}

function fieldsOf(goal: Goal): GoalFields {
  const kind = (Object.keys(KINDS) as Kind[]).find((one) => goal[one] !== undefined) ?? 'event';
  const what = goal[kind] ?? '';
  return {
    name: goal.name,
    kind,
    what: kind === 'page' ? readablePage(what) : what,
    value: goal['value'] ?? '',
  };
}

const goalOf = ({ name, kind, what, value }: GoalFields): Goal => ({
  name,
  [kind]: what,
  ...(kind === 'property' ? { value } : {}),
});

function describe({ event, page, property, value }: Goal): string {
  if (event !== undefined) return `the event ${event}`;
  return page === undefined ? `${property} is ${value}` : `a view of ${readablePage(page)}`;
}

/** Funnels name their goals, so they change together with a goal's name. */
function changeOf(
  { settings: { funnels } }: Pixel,
  goals: readonly Goal[],
  renamed: readonly [string, string] | null,
): Change {
  if (renamed === null) return { settings: { goals } };
  const [from, to] = renamed;
  const nameNow = (step: string): string => (step === from ? to : step);
  return {
    settings: {
      goals,
      funnels: funnels.map((funnel) => ({ ...funnel, steps: funnel.steps.map(nameNow) })),
    },
  };
}

/** The names of the funnels that have a goal. */
const funnelsWith = ({ settings: { funnels } }: Pixel, goal: string): string[] =>
  funnels.filter(({ steps }) => steps.includes(goal)).map(({ name }) => name);

function removedFrom({ settings: { goals, funnels } }: Pixel, goal: string): Change {
  return {
    settings: {
      goals: goals.filter(({ name }) => name !== goal),
      funnels: funnels.filter(({ steps }) => !steps.includes(goal)),
    },
  };
}

export function Goals(props: SettingsProps) {
  return (
    <EditedList
      title="Goals"
      word="goal"
      settings={props}
      itemsOf={({ settings }) => settings.goals}
      changeOf={changeOf}
      describe={describe}
      fieldsOf={fieldsOf}
      noFields={{ name: '', kind: 'event', what: '', value: '' }}
      itemOf={goalOf}
      form={(form) => <GoalForm {...form} />}
      removal={(name) => {
        const funnels = funnelsWith(props.pixel, name);
        if (funnels.length === 0) return null;
        const list = funnels.map((funnel) => `“${funnel}”`).join(', ');
        return {
          warning: `${funnels.length === 1 ? 'The funnel' : 'The funnels'} ${list} ${
            funnels.length === 1 ? 'uses' : 'use'
          } this goal. To keep ${funnels.length === 1 ? 'it' : 'them'}, edit ${
            funnels.length === 1 ? 'its' : 'their'
          } steps first.`,
          also: funnels.length === 1 ? 'and the funnel' : `and the ${funnels.length} funnels`,
        };
      }}
      removedFrom={removedFrom}
      empty={
        <Empty title="No goals yet">
          A goal is an action that you want visitors to take, such as a sign-up.
        </Empty>
      }
      mayAdd
    />
  );
}

function GoalForm({ draft, button, submit, cancel }: FormProps<GoalFields>) {
  const submission = useSubmission();
  const { name, kind, what, value } = draft.value;
  return (
    <Form kind="inset" submission={submission} submit={submit} button={button} cancel={cancel}>
      <div class="row fill">
        <Input label="Name of the goal" required value={name} set={(text) => draft.set({ name: text })} />
        <Choice
          label="Reached by"
          options={Object.entries(KINDS).map(([one, about]) => [one, about.name])}
          value={kind}
          set={(one) => draft.set({ kind: one as Kind })}
        />
        <Input
          label={KINDS[kind].label}
          hint={kind === 'page' ? 'Begins with /. A * stands for any text.' : undefined}
          required
          placeholder={KINDS[kind].example}
          value={what}
          set={(text) => draft.set({ what: text })}
        />
        {kind === 'property' && (
          <Input
            label="Value of the property"
            required
            placeholder="pro"
            value={value}
            set={(text) => draft.set({ value: text })}
          />
        )}
      </div>
    </Form>
  );
}
