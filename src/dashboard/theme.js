// Applies the chosen theme before the first paint.
try {
  const theme = localStorage.getItem('speck-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is disabled: the system's theme applies.
}
