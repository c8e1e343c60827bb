// The browser that comes in a package is a Linux program: other systems need not fetch its 67 MB.
module.exports = {
  hooks: {
    readPackage: (pkg) => {
      if (pkg.name === "@sparticuz/chromium") {
        pkg.os = ["linux"]
        pkg.cpu = ["x64"]
      }
      return pkg
    }
  }
}
