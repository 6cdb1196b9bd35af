import type { Funnel } from '../api.ts';
import { count } from '../format.ts';
import { Choice, Form, Input, useSubmission } from '../forms.tsx';
import { Empty } from '../ui.tsx';
import { EditedList, type FormProps } from './edited-list.tsx';
import { OrderedList } from './ordered-list.tsx';
import type { SettingsProps } from './save.ts';

const MAX_STEPS = 8;
const MAX_HOURS = 90 * 24;

interface FunnelFields {
  readonly name: string;
  readonly steps: readonly string[];
  /** Empty: within a visit. */
  readonly hours: string;
}

const fieldsOf = ({ name, steps, within }: Funnel): FunnelFields => ({
  name,
  steps,
  hours: within === 'visit' ? '' : String(within.hours),
});

/** The goal of a step's id. */
const goalOf = (id: string): string => id.slice(id.indexOf(':') + 1);

const funnelOf = ({ name, steps, hours }: FunnelFields): Funnel => ({
  name,
  steps,
  within: hours === '' ? 'visit' : { hours: Number(hours) },
});

function describe({ steps, within }: Funnel): string {
  return `${steps.join(' → ')}, within ${within === 'visit' ? 'a visit' : `${count(within.hours)} hours`}`;
}

export function Funnels(props: SettingsProps) {
  const goals = props.pixel.settings.goals.map(({ name }) => name);
  return (
    <EditedList
      title="Funnels"
      word="funnel"
      settings={props}
      itemsOf={({ settings }) => settings.funnels}
      changeOf={(_, funnels) => ({ settings: { funnels } })}
      describe={describe}
      fieldsOf={fieldsOf}
      noFields={{ name: '', steps: [], hours: '' }}
      itemOf={funnelOf}
      form={(form) => <FunnelForm {...form} goals={goals} />}
      empty={
        <Empty title="No funnels yet">
          {goals.length < 2
            ? 'A funnel shows how many visitors go from one goal to the next. Add two goals first.'
            : 'A funnel shows how many visitors go from one goal to the next. Choose its first goal.'}
        </Empty>
      }
      mayAdd={goals.length >= 2}
    />
  );
}

function FunnelForm({
  draft,
  button,
  submit,
  cancel,
  goals,
}: FormProps<FunnelFields> & { readonly goals: readonly string[] }) {
  const submission = useSubmission();
  const { name, steps, hours } = draft.value;
  // A goal may be a step more than once.
  const ids = steps.map(
    (step, index) => `${steps.slice(0, index).filter((one) => one === step).length}:${step}`,
  );
  return (
    <Form
      kind="inset"
      submission={submission}
      submit={submit}
      button={button}
      disabled={steps.length < 2}
      cancel={cancel}
    >
      <div class="row fill">
        <Input label="Name of the funnel" required value={name} set={(text) => draft.set({ name: text })} />
        <Input
          label="Within hours"
          hint="Leave empty for one visit."
          type="number"
          min={1}
          max={String(MAX_HOURS)}
          value={hours}
          set={(text) => draft.set({ hours: text })}
        />
      </div>
      {steps.length > 0 && (
        <OrderedList
          ids={ids}
          nameOf={goalOf}
          reorder={(next) => draft.set({ steps: next.map(goalOf) })}
          actions={(id) => (
            <button
              type="button"
              class="quiet"
              aria-label={`Remove the step ${goalOf(id)}`}
              onClick={() => draft.set({ steps: ids.filter((one) => one !== id).map(goalOf) })}
            >
              Remove
            </button>
          )}
        />
      )}
      {steps.length < MAX_STEPS && (
        <Choice
          label={steps.length === 0 ? 'First step' : 'Next step'}
          hint={steps.length < 2 ? 'A funnel has two to eight steps.' : undefined}
          options={[['', 'Choose a goal'], ...goals.map((goal) => [goal, goal] as const)]}
          value=""
          set={(step) => step !== '' && draft.set({ steps: [...steps, step] })}
        />
      )}
    </Form>
  );
}
