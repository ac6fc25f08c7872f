window.YTD.account.part0 = [
  {
    "account": {
      "email": "nora@example.org",
      "createdVia": "web",
      "username": "noralindq_dev",
      "accountId": "551748231544458511",
      "createdAt": "2017-03-02T18:20:11.000Z",
      "accountDisplayName": "Nora Lindqvist-Abara"
    }
  }
]
