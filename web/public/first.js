// Runs before the first paint, as a file of its own because the page allows no inline script.
(function () {
  var setting = "system";
  try {
    setting = localStorage.getItem("muster.theme") || "system";
  } catch {
    // Storage can be switched off; the system's theme is then the right one.
  }
  var dark =
    setting === "dark" ||
    (setting === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  if (/^\/(app\/?)?$/.test(location.pathname)) document.documentElement.dataset.framed = "";
})();

// Asks for what is shown first together with what shows it, not after; the build says here what that is.
(function () {
  var told = document.currentScript.dataset;
  // What somebody shares is all that its own address shows.
  if (!told.asks || location.pathname.startsWith("/shared/")) return;
  var asks = told.asks.split(" ");
  // A list, and what is asked about each that it names: the first screen shows both.
  var each = (told.each || "").split(" ");
  // Whoever wants one of these finds it here: src/shared/api/asked-ahead.ts.
  var answers = (window.askedAhead = new Map());
  function ask(path) {
    var answer = fetch(path);
    answers.set(path, answer);
    // What went wrong is for whoever wants it.
    return answer.catch(function () {});
  }
  function askAbout(answer) {
    if (!answer || !answer.ok) return;
    // Whoever wants the list reads the answer itself.
    answer
      .clone()
      .json()
      .then(function (list) {
        list.items.slice(0, 8).forEach(function (item) {
          ask(
            each[1].replace(/:(\w+)/, function (_, field) {
              return item[field];
            }),
          );
        });
      })
      .catch(function () {});
  }
  // The first decides: to a stranger the others would say no more.
  ask(asks[0]).then(function (answer) {
    if (!answer || !answer.ok) return;
    asks.slice(1).forEach(function (path) {
      var asked = ask(path);
      if (path === each[0]) asked.then(askAbout);
    });
  });
})();
