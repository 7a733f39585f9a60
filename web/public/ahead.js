// Fetches what this address shows together with what shows it, not after; the build says here which files that are.
(function () {
  var told = document.currentScript.dataset;
  var place = location.pathname.slice(1) || "app";
  function fetchAll(files, rel) {
    if (!files) return;
    files.split(" ").forEach(function (file) {
      var link = document.createElement("link");
      link.rel = rel;
      link.href = file;
      document.head.append(link);
    });
  }
  fetchAll(told[place], "modulepreload");
  // After all of this. Safari does not, and fetches them when they are wanted.
  if (place === "app")
    addEventListener("load", function () {
      fetchAll(told.soon, "prefetch");
    });
})();
