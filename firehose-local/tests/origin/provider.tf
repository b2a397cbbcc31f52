# The files that this project began from, rebuilt from their published values: argument names of
# the AWS provider's version 3, one literal error prefix, a delimiter of two characters.

provider "aws" {
  region  = "us-east-1"
  profile = "account_main"
}
