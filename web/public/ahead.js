// Fetches what this address shows together with what shows it, not after; the build says here which files that are.
(function () {
  var files = document.currentScript.dataset[location.pathname.slice(1) || "app"];
  if (!files) return;
  files.split(" ").forEach(function (file) {
    var link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = file;
    document.head.append(link);
  });
})();
