import { useLocation } from './hooks.ts';
import { Text } from './ui.tsx';
import { unknownParts } from './view.ts';

/** Names what the address of a statistics page has and no view can show. */
export function UnknownParts() {
  const parts = unknownParts(useLocation().search);
  return parts.length === 0 ? null : (
    <p class="error" role="status">
      Ignored, since it is unknown: <Text class="wrap">{parts.join(', ')}</Text>
    </p>
  );
}
