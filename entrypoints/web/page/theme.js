// Runs before the page is painted, so that a chosen theme does not flash. A classic script: modules wait for the document.
try {
  const chosen = localStorage.getItem("dialogue.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // No storage (a private window, a sandbox): the system's colours.
}
