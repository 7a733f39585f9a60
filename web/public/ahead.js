// Fetches what this address shows together with what shows it, not after; the build says here what that is.
(function () {
  var told = document.currentScript.dataset;
  var place = location.pathname.slice(1) || "app";
  function listed(name) {
    return told[name] ? told[name].split(" ") : [];
  }
  // Whoever wants one of these finds it here: src/shared/api/asked-ahead.ts.
  var answers = (window.askedAhead = new Map());
  function ask(path) {
    var answer = fetch(path);
    answers.set(path, answer);
    // What went wrong is for whoever wants it.
    return answer.catch(function () {});
  }
  // A list, and what is asked about each that it names: the first screen shows both.
  var each = listed(place + "Each");
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
  var asks = listed(place + "Asks");
  if (asks.length > 0)
    ask(asks[0]).then(function (answer) {
      if (!answer || !answer.ok) return;
      asks.slice(1).forEach(function (path) {
        var asked = ask(path);
        if (path === each[0]) asked.then(askAbout);
      });
    });
  listed(place).forEach(function (file) {
    var link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = file;
    document.head.append(link);
  });
})();
