/** All settings of a pixel. */
import { Collecting } from './settings/collecting.tsx';
import { Deletion } from './settings/deletion.tsx';
import { Funnels } from './settings/funnels.tsx';
import { General } from './settings/general.tsx';
import { Goals } from './settings/goals.tsx';
import { SharedLinks } from './settings/links.tsx';
import { OwnerForm } from './settings/owner.tsx';
import type { SettingsProps } from './settings/save.ts';
import { UnsavedChanges } from './settings/unsaved.tsx';
import { Heading } from './ui.tsx';

interface Props extends SettingsProps {
  /** Called once the pixel is deleted. */
  readonly onDelete: () => void;
}

export default function PixelSettings({ onDelete, ...props }: Props) {
  return (
    <>
      <UnsavedChanges />
      <Heading>Settings</Heading>
      <div class="columns">
        <div>
          <General {...props} />
          <Goals {...props} />
          <Funnels {...props} />
        </div>
        <div>
          <Collecting {...props} />
          <OwnerForm {...props} />
          <SharedLinks pixel={props.pixel} />
          <Deletion pixel={props.pixel} onDelete={onDelete} />
        </div>
      </div>
    </>
  );
}
