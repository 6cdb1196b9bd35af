/** The choice of theme: the system's, light or dark. theme.js applies it before the first paint. */
import { useState } from 'preact/hooks';

const KEY = 'speck-theme';
const LABELS = { auto: 'System', light: 'Light', dark: 'Dark' } as const;
type Theme = keyof typeof LABELS;
const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };

function currentTheme(): Theme {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'auto';
}

function choose(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'auto') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage is disabled: the choice lasts until the page is closed.
  }
}

export function ThemeButton() {
  const [theme, set] = useState<Theme>(currentTheme);
  return (
    <button
      type="button"
      class="quiet theme"
      aria-label={`Theme: ${LABELS[theme]}. Change to ${LABELS[NEXT[theme]]}.`}
      title={`Theme: ${LABELS[theme]}`}
      onClick={() => {
        choose(NEXT[theme]);
        set(NEXT[theme]);
      }}
    >
      <span class={`sun ${theme}`} aria-hidden="true" />
    </button>
  );
}
