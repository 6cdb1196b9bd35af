import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { Form, Input, useSubmission } from '../forms.tsx';
import { go } from '../hooks.ts';
import { discardDrafts } from './drafts.ts';
import type { SettingsProps } from './save.ts';

interface Props extends Pick<SettingsProps, 'pixel'> {
  /** Called once the pixel is deleted. */
  readonly onDelete: () => void;
}

export function Deletion({ pixel, onDelete }: Props) {
  const [typed, type] = useState('');
  const submission = useSubmission();
  const remove = async (): Promise<undefined> => {
    await call('DELETE', `/api/v1/pixels/${pixel.id}`);
    discardDrafts();
    onDelete();
    go('/app/');
  };
  return (
    <Form
      kind="block"
      submission={submission}
      submit={remove}
      button="Delete permanently"
      disabled={typed.trim() !== pixel.name.trim()}
      danger
    >
      <h2>Delete the pixel</h2>
      <p>
        This deletes all its events, statistics, tokens and shared links. It cannot be undone. Events that you
        have exported can be imported into a new pixel.
      </p>
      <Input label={`To confirm, type its name: ${pixel.name}`} autocomplete="off" value={typed} set={type} />
    </Form>
  );
}
