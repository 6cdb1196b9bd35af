// Whoever chose a theme sees it from the first paint on.
try {
  const theme = localStorage.getItem('speck-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's theme it is.
}
